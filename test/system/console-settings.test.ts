/** The settings page of the console in a real browser, on the real daemon. */
import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { noChromium, openBrowser } from '../support/browser.ts';
import { ADMIN_TOKEN, ConsoleSite } from '../support/console-site.ts';
import { notRoot } from '../support/namespaces.ts';

const skip = noChromium || notRoot;

let browser: Browser;
before(async () => {
  if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

test('settings are read, refused beside their fields, saved, and said to wait', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.visit();
  const { page } = visit;
  await page.getByLabel('Token', { exact: true }).fill(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'What is done about findings' }).click();
  const expiry = page.getByLabel('Block expiry');
  assert.equal(await expiry.inputValue(), '24h');
  await expiry.fill('soon');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.field .problem').getByText('must be a duration').waitFor();
  await expiry.fill('2h');
  await page.getByLabel('Dry run').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved: auto_response.dry_run, auto_response.block_expiry.').waitFor();
  assert.equal((await site.daemon.call('GET', '/api/v1/status')).body.mode, 'dry_run');

  await page.getByRole('link', { name: "Bartizan's own log" }).click();
  await page.getByLabel('Level').selectOption('warn');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('in effect after the next start: log.level').waitFor();

  await appendFile(site.daemon.configFile, '# by hand\n');
  await page.getByRole('link', { name: 'Files that were uploaded' }).click();
  await page.getByRole('button', { name: 'Take the edit over' }).click();
  await page.getByText('The file was edited by hand').waitFor({ state: 'hidden' });
  assert.match(await readFile(site.daemon.configFile, 'utf8'), /block_expiry: 2h[\s\S]*# by hand\n$/);

  await page.getByRole('link', { name: 'The HTTPS API and console' }).click();
  assert.doesNotMatch(await page.content(), new RegExp(ADMIN_TOKEN));
  assert.match(await page.locator('textarea').first().inputValue(), /\*\*\*REDACTED\*\*\*/);
  // A field that was refused is the one thing that the browser may complain about.
  assert.deepEqual(
    visit.complaints.filter((complaint) => !complaint.includes('422')),
    [],
  );
  const { BARTIZAN_SETTINGS_PICTURE: picture } = process.env;
  if (picture !== undefined) {
    await page.screenshot({ path: `${picture}-webui.png`, fullPage: true });
    await page.getByRole('link', { name: 'Blocking in the kernel' }).click();
    await page.getByLabel('Table').waitFor();
    await page.screenshot({ path: `${picture}-firewall.png`, fullPage: true });
  }
});

test('a trial of settings counts down, silence is told, and so is how it ended', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  const { page } = visit;
  const id = '019b7000-0000-7000-8000-00000000c001';
  const end = new Date(Date.now() + 250_000).toISOString();
  let answer: unknown = { pending: true, applied_at: end, expires_at: end, seconds_remaining: 250, change_id: id };
  await page.route('**/api/v1/settings/firewall/rollback', (route) =>
    answer === undefined ? route.abort() : route.fulfill({ json: answer }),
  );
  const verdict = { by: 'deadline', why: 'nobody confirmed it', at: end };
  await page.route(`**/api/v1/changes/${id}`, (route) =>
    route.fulfill({ json: { id, summary: 'firewall.denied_networks', state: 'reverted', verdict } }),
  );
  await page.getByRole('link', { name: 'Settings' }).click();
  await page
    .getByRole('timer')
    .getByText(/^4:\d\d$/)
    .waitFor();
  answer = undefined;
  await page.getByText(/does not answer; last heard .* is taken back by itself/).waitFor();
  await page
    .getByRole('timer')
    .getByText(/^4:0\d$/)
    .waitFor();
  answer = { pending: false, applied_at: end, expires_at: end };
  await page.getByText(/^firewall\.denied_networks is reverted at .*: nobody confirmed it\.$/).waitFor();
  assert.equal(await page.getByRole('timer').isVisible(), false);
});
