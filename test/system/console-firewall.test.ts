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
  await site.allowPort('203.0.113.7', 443);
  const port = visit.row('allows', '443/tcp');
  await port.getByRole('button').click();
  await port.waitFor({ state: 'detached' });
  await page.locator('#state').getByText('ok').waitFor();
  await visit.row('counters', 'blocked addresses').waitFor();
  await page.getByLabel('Counted in').selectOption('bytes');
  assert.deepEqual(visit.complaints, []);
});

/** Counters of an hour: a wave of packets for each rule, the third of them small. */
const COUNTERS = {
  from: '2026-01-01T00:00:00.000Z',
  step_seconds: 10,
  counters: ['blocked4', 'blocked6', 'list_firehol4', 'blocked_nets4', 'denied4', 'syn_rate4', 'udp_flood4'].map(
    (name, i) => {
      const packets = Array.from({ length: 360 }, (_, at) =>
        Math.round((50 / (i + 1)) * (1.5 + Math.sin(at / 20 + i))),
      );
      return { name, total: { packets: 1_000_000, bytes: 1e9 }, packets, bytes: packets.map((count) => count * 60) };
    },
  ),
};

const FAMILY = { addresses: 900, networks: 100 };
const LIST = {
  name: 'firehol',
  kind: 'block',
  mode: 'enforce',
  source: 'https://lists.example.net/firehol.netset',
  state: 'current',
  in_kernel: true,
  entries: { ipv4: FAMILY, ipv6: FAMILY },
  packets: 1234,
  fetched_at: '2026-01-01T00:00:00.000Z',
};
const LISTS = {
  lists: [LIST, { ...LIST, name: 'drop', state: 'held', held: { why: 'it lost 90 % of its entries' } }],
};

test('counters are drawn, the small ones as one; lists are told, and what is held is put in force', {
  skip,
}, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  await page.route('**/api/v1/firewall/counters?*', (route) => route.fulfill({ json: COUNTERS }));
  await page.route('**/api/v1/firewall/lists', (route) => route.fulfill({ json: LISTS }));
  await page.getByRole('link', { name: 'Firewall' }).click();
  await page.getByRole('img', { name: /^Packets that met a rule from/ }).waitFor();
  assert.equal(await page.locator('#chart rect').count(), 120 * 6);
  assert.equal(await page.locator('#counters tr').count(), 6);
  await visit.row('lists', 'firehol').getByText('2,000').waitFor();
  const accepted = page.waitForRequest('**/api/v1/firewall/lists/accept');
  await visit
    .row('lists', 'it lost 90 % of its entries')
    .getByRole('button', { name: /^Put the news/ })
    .click();
  assert.deepEqual((await accepted).postDataJSON(), { name: 'drop' });
  assert.deepEqual(await page.evaluate(LOW_CONTRAST), []);
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
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme}, ${width} px`);
    }
  }
});
