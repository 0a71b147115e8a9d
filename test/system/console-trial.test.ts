import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Route } from 'playwright-core';
import { changeDetail, changeRow, pendingRow } from '../../core/api/own/changes-wire.ts';
import { millis } from '../../core/base/time.ts';
import { ENDED, FakeTrials, TRIED } from '../support/api/fake-trials.ts';
import { noChromium, openBrowser } from '../support/browser.ts';
import { ADMIN_TOKEN, ConsoleSite, READ_TOKEN, type Visit } from '../support/console-site.ts';
import { notRoot } from '../support/namespaces.ts';

const skip = notRoot || noChromium;

let browser: Browser;
let site: ConsoleSite;
before(async () => {
  if (skip) return;
  browser = await openBrowser();
  site = await ConsoleSite.open(browser);
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  await browser?.close();
});

/** The appliance as the page sees it with these trials: the real one, but for what it says of changes. */
async function enter(trials: FakeTrials, token = ADMIN_TOKEN, old = 0): Promise<{ visit: Visit; orders: string[] }> {
  const visit = await site.enter(token);
  const orders: string[] = [];
  const refusals = { left: old };
  await visit.page.route('**/api/v1/changes**', (route) => answer(route, trials, orders, refusals));
  return { visit, orders };
}

async function answer(route: Route, trials: FakeTrials, orders: string[], refusals: { left: number }): Promise<void> {
  const [last = '', verb] = new URL(route.request().url()).pathname.split('/').slice(-2).reverse();
  const { word } = TRIED;
  if (route.request().method() === 'POST') {
    orders.push(last);
    if (refusals.left-- > 0) {
      const headers = { 'x-retry-over': 'new-connection' };
      return route.fulfill({ status: 409, headers, json: { error: 'the connection was opened before' } });
    }
    const done = await (last === 'confirm'
      ? trials.confirm({ id: TRIED.id, word, connection: { unknown: 'test' } })
      : trials.revert({ id: TRIED.id, word }));
    return route.fulfill(
      done.ok ? { json: changeDetail(done.value) } : { status: 409, json: { error: 'that change is not on trial' } },
    );
  }
  const pending = trials.pending();
  if (last === 'pending') {
    return route.fulfill({ json: pending ? { pending: true, change: pendingRow(pending) } : { pending: false } });
  }
  if (verb === 'changes') return route.fulfill({ json: changeDetail((await trials.get(TRIED.id)) ?? ENDED) });
  return route.fulfill({ json: { changes: (await trials.list(100)).map(changeRow) } });
}

test('a trial is told above everything, counts down, and is confirmed over a new connection', { skip }, async () => {
  const trials = new FakeTrials();
  trials.left = millis(247_000);
  const { visit, orders } = await enter(trials, ADMIN_TOKEN, 6);
  const { page } = visit;
  const banner = page.locator('#trial');
  await banner.waitFor();
  assert.match(await textOf(banner), /On trial: firewall\.denied_networks/);
  assert.match(await textOf(banner), /by operator from 192\.0\.2\.2/);
  const left = page.getByRole('timer');
  const first = await textOf(left);
  assert.match(first, /^4:0\d$/);
  await left.filter({ hasNotText: first }).waitFor();
  assert.match(await textOf(page.locator('#trial-probes')), /gateway passed\s*dns failed/);
  await snapshot(visit, 'trial');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await banner.waitFor({ state: 'hidden' });
  assert.deepEqual(
    orders,
    Array.from({ length: 7 }, () => 'confirm'),
  );
  const row = page.locator('#changes tr').first();
  assert.match(await textOf(row), /confirmed by word/);
  await row.getByRole('button').click();
  await page.locator('#evidence').waitFor();
  assert.match(await textOf(page.locator('#evidence-rows')), /dns\s*failed\s*no answer\s*2,000 ms/);
  await page.locator('#evidence').scrollIntoViewIfNeeded();
  await snapshot(visit, 'evidence');
  assert.deepEqual(visit.complaints, []);
});

test('it is reverted by the other button, and a refusal is told in the banner', { skip }, async () => {
  const trials = new FakeTrials();
  const { visit, orders } = await enter(trials);
  const { page } = visit;
  await page.locator('#trial').waitFor();
  trials.refusal = 'other';
  await page.getByRole('button', { name: 'Revert' }).click();
  await page.getByText('that change is not on trial').waitFor();
  trials.refusal = undefined;
  await page.getByRole('button', { name: 'Revert' }).click();
  await page.locator('#trial').waitFor({ state: 'hidden' });
  assert.deepEqual(orders, ['revert', 'revert']);
});

test('while the appliance does not answer, as a bad change may make it, the countdown goes on', { skip }, async () => {
  const trials = new FakeTrials();
  trials.left = millis(3000);
  const { visit } = await enter(trials);
  const { page } = visit;
  await page.locator('#trial').waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByText('its time is over').waitFor();
  await snapshot(visit, 'over');
});

test('who may only read sees the trial without buttons; narrow windows and both schemes hold it', {
  skip,
}, async () => {
  const { visit } = await enter(new FakeTrials(), READ_TOKEN);
  const { page } = visit;
  await page.locator('#trial').waitFor();
  assert.equal(await page.locator('#trial-acts').isVisible(), false);
  await page.setViewportSize({ width: 360, height: 700 });
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
  await snapshot(visit, 'narrow');
});

const textOf = async (place: Locator): Promise<string> => (await place.textContent()) ?? '';

/** Kept where somebody wants to look at it. */
async function snapshot({ page }: Visit, name: string): Promise<void> {
  const folder = process.env['BARTIZAN_TEST_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}
