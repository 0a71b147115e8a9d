/**
 * The console in a real browser, on the real daemon.
 *
 * `BARTIZAN_RENEW_PICTURES=1 npm test -- system/console` also takes docs/console.png anew.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { modeOf } from '../../core/config/mode.ts';
import { parseConfig } from '../../core/config/read.ts';
import { noChromium, openBrowser } from '../support/browser.ts';
import { ADMIN_TOKEN, ConsoleSite, READ_TOKEN, type Visit } from '../support/console-site.ts';
import { LOW_CONTRAST } from '../support/low-contrast.ts';
import { notRoot } from '../support/namespaces.ts';
import { ROOT } from '../support/root.ts';
import { until } from '../support/until.ts';

const skip = noChromium || notRoot;
const PICTURE = join(ROOT, 'docs/console.png');

let browser: Browser;
before(async () => {
  if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

/** Nothing went wrong in the page, and it spoke to nobody else. */
function wasQuiet({ complaints, requests }: Visit, url: string): void {
  assert.deepEqual(complaints, []);
  assert.deepEqual(
    requests.filter((request) => !request.startsWith(url)),
    [],
  );
}

test('a new owner claims, keeps the token, signs out and in again, all by keyboard', { skip }, async () => {
  await using site = await ConsoleSite.open(browser, { claimed: false });
  const visit = await site.visit();
  const { page } = visit;
  const error = page.locator('#door-error');
  const code = /^claim\s+(\S+)/m.exec(site.daemon.output)?.[1] ?? assert.fail(site.daemon.output);

  await page.getByLabel('Claim code').waitFor();
  await page.keyboard.type('AAAAA-AAAA-AAAA-AAAA-AAAA-AAAAA');
  await page.keyboard.press('Enter');
  await error.getByText('wrong claim code, 4 tries left').waitFor();
  await page.keyboard.type(code.toLowerCase().replaceAll('-', ' '));
  await visit.tabTo('Claim');
  await page.keyboard.press('Enter');

  await page.getByText('Keep this admin token').waitFor();
  const token = (await page.locator('#token-text').textContent()) ?? '';
  assert.match(token, /^bzt_[\w-]{43}$/);
  await visit.tabTo('I have kept it');
  await page.keyboard.press('Enter');
  await page.getByText('live', { exact: true }).waitFor();
  assert.equal(await page.getByText(token).count(), 0);
  await page.reload();
  await page.getByText('claimed-admin').waitFor();
  assert.equal((await page.content()).includes(token), false);
  assert.deepEqual(visit.dialogs, []);

  await visit.tabTo('Sign out');
  await page.keyboard.press('Enter');
  await page.getByLabel('Token', { exact: true }).waitFor();
  await page.keyboard.type('not-the-token-0123456789');
  await page.keyboard.press('Enter');
  await error.getByText(/token/).waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await page.getByText('live', { exact: true }).waitFor();
  wasQuiet(visit, site.url);
});

test('a token that nobody has said is kept is not lost by closing the page in a slip', { skip }, async () => {
  await using site = await ConsoleSite.open(browser, { claimed: false });
  const visit = await site.visit();
  const code = /^claim\s+(\S+)/m.exec(site.daemon.output)?.[1] ?? assert.fail(site.daemon.output);
  await visit.page.getByLabel('Claim code').fill(code);
  await visit.page.getByRole('button', { name: 'Claim' }).click();
  await visit.page.getByText('Keep this admin token').waitFor();
  await visit.page.reload();
  assert.deepEqual(visit.dialogs, ['beforeunload']);
});

test('a finding shows within two seconds, without a reload, whatever the attacker called himself', {
  skip,
}, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  await page.evaluate('window.opened = true');
  const start = performance.now();
  await site.attack('203.0.113.66');
  await visit.row('findings', '203.0.113.66').waitFor({ timeout: 2000 });
  console.log(`a finding was shown ${Math.round(performance.now() - start)} ms after its line was written`);
  await visit.row('blocks', '203.0.113.66').waitFor();
  assert.equal(await site.isCut('203.0.113.66'), true);

  const names = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(2)</script>',
    '\u202egnp.exe\u2066',
    '\\033[31mred\\a',
    'שלום 203.0.113.9',
  ];
  await site.attack('203.0.113.67', names);
  const finding = visit.row('findings', '203.0.113.67');
  await finding.waitFor();
  const text = (await finding.textContent()) ?? '';
  assert.ok(text.includes('"<img src=x onerror=alert(1)>", "\\"><script>alert(2)</script>", "\\u{202e}gnp.exe'), text);
  await visit.row('blocks', '<img src=x onerror=alert(1)>').waitFor();
  assert.doesNotMatch((await page.locator('body').textContent()) ?? '', /[^\P{C}\n]/u);
  assert.equal(await page.locator('main :is(img, script, a, iframe)').count(), 0);
  assert.equal(await page.evaluate('window.opened'), true);
  assert.deepEqual(visit.dialogs, []);
  wasQuiet(visit, site.url);
});

test('addresses are blocked and unblocked; a refusal says why, where it was asked for', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  const blocks = page.getByRole('region', { name: 'Blocked addresses' });
  await blocks.getByText('No address is blocked.').waitFor();

  await visit.block('203.0.113.300');
  await blocks
    .getByRole('alert')
    .getByText(/not an IP address|address/)
    .waitFor();
  await visit.block('192.0.2.3');
  await blocks
    .getByRole('alert')
    .getByText('192.0.2.3 must not be blocked: listed in infra_ips (192.0.2.0/28)')
    .waitFor();
  assert.equal(
    await blocks.getByLabel('Address', { exact: true }).inputValue(),
    '192.0.2.3',
    'what was refused can be mended',
  );

  await visit.block('203.0.113.9', { reason: '<b>scans</b> our neighbours', duration: 'for 7 days' });
  const row = visit.row('blocks', '203.0.113.9');
  await row.getByText('<b>scans</b> our neighbours').waitFor();
  await row.getByText(/^6d 23h$|^7d 0h$/).waitFor();
  assert.equal(await blocks.getByRole('alert').count(), 0, 'the refusal is gone');
  assert.equal(await blocks.getByLabel('Address', { exact: true }).inputValue(), '');
  assert.equal(await site.isCut('203.0.113.9'), true);
  const unblock = row.getByRole('button', { name: 'Unblock 203.0.113.9' });
  await unblock.focus();
  await site.attack('203.0.113.11');
  await visit.row('blocks', '203.0.113.11').waitFor();
  assert.equal((await visit.focus()).value, '203.0.113.9', 'an update leaves the focus where it is');
  await page.keyboard.press('Enter');
  await row.waitFor({ state: 'detached' });
  assert.equal(await site.isCut('203.0.113.9'), false);
  assert.match((await visit.focus()).text, /Unblock/, 'the focus goes on to what came in its place');

  await site.attack('192.0.2.3');
  const protectedOne = visit.row('findings', '192.0.2.3');
  await protectedOne.getByRole('button', { name: 'Block 192.0.2.3 for 24 hours' }).click();
  const findings = page.getByRole('region', { name: /^Findings/ });
  await findings.getByRole('alert').getByText('192.0.2.3 must not be blocked').waitFor();
  wasQuiet(visit, site.url);
});

test('every line can be searched and opened, whatever is in it', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  const events = page.getByRole('region', { name: /^Events/ });
  const search = async (query: string): Promise<void> => {
    await events.getByLabel('Query').fill(query);
    await events.getByRole('button', { name: 'Search' }).click();
    await page.locator('#search-stop').waitFor({ state: 'hidden' });
  };
  await site.attack('203.0.113.66', ['<img src=x onerror=alert(1)>']);
  await site.write('no header at all \u202egnp.exe');
  await visit.row('findings', '203.0.113.66').waitFor();
  await until('the lines are kept', async () => {
    await search('');
    return (await page.locator('#events tr:not(.detail)').count()) === 6;
  });
  await search('ip = 203.0.113.66 | limit 1');
  assert.equal(await page.locator('#events tr:not(.detail)').count(), 1, 'a limit in the query holds');
  assert.equal(await page.locator('#search-more').isVisible(), false);
  const row = page.locator('#events tr').first();
  await row.getByText('Failed password for <img src=x onerror=alert(1)> from 203.0.113.66').waitFor();
  await row.getByRole('button').click();
  await page.locator('#events .detail').first().getByText('ssh_failed_password').waitFor();
  await search('header');
  await page.locator('#events').getByText('no header at all \\u{202e}gnp.exe').first().waitFor();
  await search('* | since 7d | count by ip');
  await page.locator('#counts tr', { hasText: '203.0.113.66' }).getByText('5', { exact: true }).waitFor();
  await search('nothing-of-the-kind');
  await events.getByText(/^Nothing was found: /).waitFor();
  await search('user = ');
  await events
    .getByRole('alert')
    .getByText(/^q: a value is missing/)
    .waitFor();
  assert.deepEqual(visit.dialogs, []);
  assert.equal(await page.locator('main :is(img, script, a, iframe)').count(), 0);
  wasQuiet(visit, site.url);
});

test('the mode is switched in the configuration file and in the kernel', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  const switchTo = async (mode: string): Promise<void> => {
    await page.getByRole('button', { name: `Switch to ${mode}` }).click();
    await page.locator(`.mode[data-mode="${mode.replace(' ', '_')}"][aria-current]`).waitFor();
  };
  const written = async () => {
    const text = await readFile(site.daemon.configFile, 'utf8');
    const read = parseConfig(text, 'bartizan.yaml', { hostname: 'h', stateDir: '/s', parsers: ['sshd'] });
    return read.ok && modeOf(read.value.config);
  };
  await visit.block('203.0.113.9');
  await visit.row('blocks', '203.0.113.9').waitFor();

  await switchTo('observe');
  assert.equal(await written(), 'observe');
  assert.equal(await site.edge.run('nft', 'list', 'ruleset'), '');
  await page.getByText('Observing: no block is in force').waitFor();
  await site.attack('203.0.113.1');
  await visit.row('findings', '203.0.113.1').waitFor();
  assert.equal(await page.getByRole('button', { name: /block/i }).count(), 0);

  await switchTo('dry run');
  assert.equal(await written(), 'dry_run');
  await visit.row('blocks', '203.0.113.9').waitFor();
  assert.equal(await site.isCut('203.0.113.9'), true);
  await site.attack('203.0.113.2');
  await visit.row('findings', '203.0.113.2').getByRole('button').waitFor();
  assert.equal(await site.isCut('203.0.113.2'), false);

  await switchTo('enforce');
  assert.equal(await written(), 'enforce');
  await site.attack('203.0.113.3');
  await visit.row('blocks', '203.0.113.3').waitFor();
  assert.equal(await site.isCut('203.0.113.3'), true);
  wasQuiet(visit, site.url);
});

test('a read token sees all and has no button but the one to leave', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const operator = await site.enter();
  await operator.block('203.0.113.9');
  await operator.row('blocks', '203.0.113.9').waitFor();
  await site.attack('203.0.113.1');

  const visit = await site.enter(READ_TOKEN);
  await visit.row('blocks', '203.0.113.1').waitFor();
  await visit.row('blocks', '203.0.113.9').waitFor();
  await visit.row('findings', '203.0.113.1').waitFor();
  assert.deepEqual(await visit.page.getByRole('button').allTextContents(), ['Sign out']);
  assert.equal(await visit.page.getByRole('textbox').count(), 0);
  wasQuiet(visit, site.url);
});

test('while the appliance is away the page says so; when it is back the page goes on by itself', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const live = visit.page.getByRole('status');
  await site.attack('203.0.113.1');
  await visit.row('findings', '203.0.113.1').waitFor();
  await site.daemon.kill();
  await live.getByText(/^reconnecting; last heard \d\d:\d\d:\d\d$/).waitFor();
  assert.equal(await visit.row('findings', '203.0.113.1').count(), 1, 'what was known stays');
  await visit.page.getByRole('button', { name: 'Unblock 203.0.113.1' }).click();
  await visit.page.getByRole('alert').getByText('The appliance does not answer.').waitFor();
  await site.attack('203.0.113.2');

  await site.daemon.start();
  await live.getByText('live', { exact: true }).waitFor();
  await visit.row('findings', '203.0.113.2').waitFor();
  await site.attack('203.0.113.3');
  await visit.row('findings', '203.0.113.3').waitFor({ timeout: 2000 });
  await visit.page.getByRole('button', { name: 'Unblock 203.0.113.1' }).click();
  await visit.row('blocks', '203.0.113.1').waitFor({ state: 'detached' });
  wasQuiet(visit, site.url);
});

test('whoever signs out in one window is out in the others', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const other = await visit.page.context().newPage();
  await other.goto(site.url);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByLabel('Token', { exact: true }).waitFor();
  await visit.page.getByLabel('Token', { exact: true }).waitFor();
  assert.equal(await visit.page.locator('#house').isVisible(), false);
});

const MANY = 300;

test(`${MANY} attackers at once: the page asks seldom and draws the newest`, { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const before = visit.requests.length;
  const start = performance.now();
  for (let i = 0; i < MANY; i++) await site.attack(`198.18.${i >> 8}.${i & 255}`);
  await visit.page.locator('#blocks-more').getByText(`The newest 200 of ${MANY} are shown.`).waitFor();
  // One more is about the account that all of them tried.
  await visit.page
    .locator('#findings-more')
    .getByText(/^The newest 200 of 30\d are shown\.$/)
    .waitFor();
  const rounds = (visit.requests.length - before) / 5;
  assert.ok(rounds <= 2 + (performance.now() - start) / 1000, `${rounds} updates`);
  assert.equal(await visit.page.locator('#findings tr').count(), 200);
  wasQuiet(visit, site.url);
});

const IPV6 = '2001:db8:dead:beef:1234:5678:9abc:def0';

test('the page fits a narrow window, is legible in both schemes and light to load', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  await site.attack(IPV6, [`no${'o'.repeat(90)}`]);
  const visit = await site.enter(ADMIN_TOKEN, { reducedMotion: 'reduce' });
  const { page } = visit;
  await visit.block('203.0.113.9', { reason: 'x'.repeat(200) });
  await page.locator('#blocks tr').nth(1).waitFor();
  await visit.block('192.0.2.3');
  await page.getByRole('alert').getByText('must not be blocked').waitFor();
  for (const width of [1280, 768, 400, 320])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme}, ${width} px`);
    }
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token', { exact: true }).waitFor();
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `signing in, ${colorScheme}`);
  }

  const cookie = { name: 'csm_auth', value: ADMIN_TOKEN, url: site.url };
  const fresh = await site.visit({}, [cookie]);
  await fresh.page.locator('#blocks tr').first().waitFor();
  await fresh.page.getByText('live', { exact: true }).waitFor();
  const bytes = await fresh.bytes;
  console.log(`a load of the page: ${fresh.requests.length} requests, ${bytes} bytes`);
  assert.ok(fresh.requests.length <= 24, fresh.requests.join('\n'));
  assert.ok(bytes <= 65_536);
});

const MINUTE = 60_000;
/** Where a PNG says how wide it is. */
const PNG_WIDTH = 16;

test('docs/console.png is there, and taken anew when that is asked for', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter(ADMIN_TOKEN, { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const { page } = visit;
  await site.attack('203.0.113.7', ['root'], 190 * MINUTE);
  await site.attack('2001:db8:77::5', ['git', 'root'], 95 * MINUTE);
  await site.attack('198.51.100.23', ['invalid user admin', 'invalid user oracle', 'invalid user test'], 41 * MINUTE);
  await site.attack('203.0.113.99', ['deploy'], 12 * MINUTE);
  await site.attack('198.51.100.77', ['invalid user <img src=x onerror=alert(1)>', 'root'], MINUTE);
  await page.locator('#findings tr').nth(4).waitFor();
  await visit.block('203.0.113.200', {
    reason: 'Probes every neighbour on port 22, ticket 4711',
    duration: 'for 7 days',
  });
  await page.locator('#blocks tr').nth(5).waitFor();
  // A page opened afresh marks nothing as new.
  await page.reload();
  await page.locator('#blocks tr').nth(5).waitFor();
  await page.mouse.move(0, 0);
  const last = await page.locator('section', { has: page.locator('#blocks') }).boundingBox();
  assert.ok(last !== null);
  const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(last.y + last.height + 8) };
  const renew = process.env['BARTIZAN_RENEW_PICTURES'] === '1';
  await page.screenshot({ fullPage: true, clip, ...(renew ? { path: PICTURE } : {}) });
  const picture = await readFile(PICTURE);
  assert.equal(picture.readUInt32BE(PNG_WIDTH), 1280);
  assert.ok(picture.length < 200_000, `${picture.length} bytes`);
});
