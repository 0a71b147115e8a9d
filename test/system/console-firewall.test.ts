/** The console's page of the firewall in a real browser, on the real daemon. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { noChromium, openBrowser } from '../support/browser.ts';
import { ADMIN_TOKEN, ConsoleSite, READ_TOKEN, type Visit } from '../support/console-site.ts';
import { LOW_CONTRAST } from '../support/low-contrast.ts';
import { notRoot } from '../support/namespaces.ts';

const skip = noChromium || notRoot;

let browser: Browser;
before(async () => {
  if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

/** Signed in, on the page of the firewall. */
async function enter(site: ConsoleSite, token = ADMIN_TOKEN, options: BrowserContextOptions = {}): Promise<Visit> {
  const visit = await site.enter(token, options);
  await visit.page.getByRole('link', { name: 'Firewall' }).click();
  await visit.page.getByText('live', { exact: true }).waitFor();
  return visit;
}

test('blocks are made, searched, lifted, and put back by the offer to undo', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await enter(site);
  const { page } = visit;
  const form = page.locator('#block-form');
  const block = async (subject: string, reason: string) => {
    await form.getByLabel('Address or network').fill(subject);
    await form.getByLabel('Reason').fill(reason);
    await form.getByRole('button', { name: 'Block' }).click();
  };
  await block('203.0.113.7', 'scanner');
  await visit.row('blocks', '203.0.113.7').waitFor();
  await block('203.0.113.8', 'spammer');
  await visit.row('blocks', '203.0.113.8').waitFor();
  await block('198.51.100.0/24', 'all of them');
  await visit.row('networks', '198.51.100.0/24').waitFor();
  await block('192.0.2.0/24', 'infra is in it');
  await page.getByText('192.0.2.0/24 must not be blocked').waitFor();

  await page.getByLabel('Search blocked addresses').fill('SPAM');
  await page.getByText('1 of 2 found.').waitFor();
  await page.getByRole('button', { name: 'Unblock all found' }).click();
  await page.getByText('1 address is unblocked.').waitFor();
  await page.getByLabel('Search blocked addresses').fill('');
  await visit.row('blocks', '203.0.113.8').waitFor({ state: 'detached' });
  assert.equal(await site.isCut('203.0.113.8'), false);
  await page.getByRole('button', { name: 'Undo' }).click();
  await visit.row('blocks', '203.0.113.8').waitFor();
  await page.getByText('Taken back: 1.').waitFor();
  assert.equal(await site.isCut('203.0.113.8'), true);

  await page.getByText('Lift every block', { exact: true }).first().click();
  await page.getByRole('button', { name: 'Lift every block' }).click();
  await page.getByText('No address is blocked.').waitFor();
  await page.getByText('No network is blocked.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await visit.row('networks', '198.51.100.0/24').waitFor();
  await visit.row('blocks', '203.0.113.7').waitFor();
  assert.deepEqual(visit.complaints, []);
});

test('who is let in is added and removed; state and counters are told', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await enter(site);
  const { page } = visit;
  await page.getByLabel('Address or network to let in').fill('203.0.113.0/28');
  await page.getByRole('button', { name: 'Allow' }).click();
  const row = visit.row('allows', '203.0.113.0/28');
  await row.waitFor();
  await row.getByRole('button').click();
  await page.getByText('Nobody is let in beyond').waitFor();
  await page.locator('#state').getByText('ok').waitFor();
  await visit.row('counters', 'blocked addresses').waitFor();
  await page.getByLabel('Counted in').selectOption('bytes');
  assert.deepEqual(visit.complaints, []);
});

test('a reader sees what is blocked, and no button', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  await site.attack('203.0.113.66');
  const visit = await enter(site, READ_TOKEN);
  const { page } = visit;
  await visit.row('blocks', '203.0.113.66').waitFor();
  assert.equal(await page.locator('main button:visible').count(), 0);
  assert.equal(await page.locator('#allows-section').isVisible(), false);
  assert.deepEqual(visit.complaints, []);
});

test('it fits every width, can be read in light and dark, and is worked by keyboard', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await enter(site, ADMIN_TOKEN, { reducedMotion: 'reduce' });
  const { page } = visit;
  await visit.block('203.0.113.7', { reason: 'scanner' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 768, 400, 320]) {
      await page.setViewportSize({ width, height: 800 });
      if (process.env['PICS']) await page.screenshot({ path: `/tmp/esurf/${colorScheme}-${width}.png`, fullPage: true });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme}, ${width} px`);
    }
  }
});
