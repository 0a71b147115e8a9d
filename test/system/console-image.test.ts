/**
 * The console's page of the image in a real browser, on the real daemon. What it shows of an appliance is made up here:
 * this machine is none. `BARTIZAN_RENEW_PICTURES=1` also takes docs/console-image.png anew.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { noChromium, openBrowser } from '../support/browser.ts';
import { ADMIN_TOKEN, ConsoleSite, READ_TOKEN, type Visit } from '../support/console-site.ts';
import { LOW_CONTRAST } from '../support/low-contrast.ts';
import { notRoot } from '../support/namespaces.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noChromium || notRoot;
const PICTURE = join(ROOT, 'docs/console-image.png');
/** Where a PNG says how wide it is. */
const PNG_WIDTH = 16;

let browser: Browser;
before(async () => {
  if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

const A = {
  name: 'A',
  booted: true,
  first: true,
  state: 'good',
  version: '1.0.0',
  installed_at: '2026-01-01T08:00:00Z',
};
const B = { name: 'B', booted: false, first: false, state: 'bad' };
const HEALTH = {
  verdict: 'good',
  bad: [],
  reasons: [],
  readings: 31,
  readings_needed: 5,
  steady_seconds: 60,
  steady_seconds_needed: 60,
};
const IMAGE = {
  appliance: true,
  version: '1.0.0',
  lab: true,
  slot: 'A',
  slots: [A, B],
  update: { phase: 'idle' },
  health: HEALTH,
  confirmation: { state: 'confirmed', why: '' },
  boot_loader: { order: ['A', 'B'], tries_used: { A: 0, B: 3 }, bootable: ['A'] },
  failed_versions: [] as object[],
  media: [{ source: '/run/bartizan-usb/sda1/bartizan-1.1.0-amd64.raucb', bytes: 131_000_000 }],
};
const INSTALLING = {
  phase: 'installing',
  version: '1.1.0',
  slot: 'B',
  source: 'https://updates.example.net/bartizan-1.1.0-amd64.raucb?token=***',
  percent: 46,
  message: 'Copying image to rootfs.1',
};
const FAILED = {
  failed_versions: [{ version: '1.0.9', at: '2026-01-02T08:00:00Z', why: 'slot B was booted and did not hold' }],
  last: {
    version: '1.0.9',
    result: 'fell_back',
    at: '2026-01-02T08:00:00Z',
    why: 'slot B was booted and did not hold',
  },
};

/** An appliance that is what the test says, and remembers what it was asked for. */
class MadeUp {
  image: object = IMAGE;
  /** Told anew over each stream; undefined leaves the stream to the daemon, which tells none. */
  steps: readonly object[] | undefined;
  /** It does not answer how it is; its stream goes on. */
  isSilent = false;
  readonly orders: (readonly [path: string, body: unknown])[] = [];
  refusal: string | undefined;

  async in({ page }: Visit): Promise<void> {
    await page.route('**/api/v1/image', (route) => (this.isSilent ? undefined : route.fulfill({ json: this.image })));
    await page.route('**/api/v1/image/events', (route) =>
      this.steps === undefined
        ? route.continue()
        : route.fulfill({
            contentType: 'text/event-stream',
            body: this.steps.map((step) => `event: update\ndata: ${JSON.stringify(step)}\n\n`).join(''),
          }),
    );
    await page.route(/\/api\/v1\/image\/(install|reboot|factory-reset)$/, (route) => {
      const request = route.request();
      this.orders.push([new URL(request.url()).pathname, request.postDataJSON()]);
      return this.refusal === undefined
        ? route.fulfill({ json: { status: 'ok', phase: 'installing' } })
        : route.fulfill({ status: 409, json: { error: this.refusal } });
    });
  }
}

/** Signed in, on the page of an image that is made up. */
async function enter(site: ConsoleSite, made: MadeUp, token = ADMIN_TOKEN, options: BrowserContextOptions = {}) {
  const visit = await site.enter(token, options);
  await made.in(visit);
  await visit.page.getByRole('link', { name: 'Image' }).click();
  await visit.page.getByRole('heading', { name: 'What runs' }).waitFor();
  return visit;
}

test('on a host that is no appliance it says so, and offers nothing', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const visit = await site.enter();
  await visit.page.getByRole('link', { name: 'Image' }).click();
  await visit.page.getByRole('heading', { name: 'No appliance image runs here' }).waitFor();
  await visit.page.getByText('live', { exact: true }).waitFor();
  assert.equal(await visit.page.locator('main button:visible, main input:visible').count(), 0);
  assert.deepEqual(visit.complaints, []);
});

test('slots are shown, a bundle is installed, and its progress comes by itself', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const made = new MadeUp();
  made.steps = [];
  const { page, row, complaints } = await enter(site, made).then((visit) => ({
    page: visit.page,
    row: (table: string, text: string) => visit.row(table, text),
    complaints: visit.complaints,
  }));
  await row('slots', 'A').getByText('confirmed', { exact: true }).waitFor();
  await row('slots', 'A').getByText('runs, is booted next').waitFor();
  await row('slots', 'B').getByText('not confirmed').waitFor();
  await page.getByText('takes A; tries used: A 0 of 3, B 3 of 3').waitFor();
  await page.getByText('On sticks: sda1/bartizan-1.1.0-amd64.raucb').waitFor();
  made.refusal = 'version 0.9.0 is older than 1.0.0, which runs';
  await page.getByLabel('Bundle').fill('https://updates.example.net/b.raucb?token=s3cret');
  await page.getByRole('button', { name: 'Install' }).click();
  await page.getByRole('alert').getByText(made.refusal).waitFor();
  made.refusal = undefined;
  await page.getByText('What is not installed otherwise').click();
  await page.getByLabel('a version below the one that runs').check();
  await page.getByRole('button', { name: 'Install' }).click();
  const bundle = page.getByLabel('Bundle');
  await waitFor('the form to be emptied', async () => ((await bundle.inputValue()) === '' ? true : undefined));
  assert.deepEqual(made.orders.at(-1), [
    '/api/v1/image/install',
    { source: 'https://updates.example.net/b.raucb?token=s3cret', allow_older: true, retry_failed: false },
  ]);
  made.image = { ...IMAGE, update: { ...INSTALLING, percent: 20 } };
  await page.getByText('1.1.0 is being installed into slot B.').waitFor();
  // From here on only the stream tells.
  made.isSilent = true;
  made.steps = [INSTALLING];
  await page.getByText('46 % Copying image to rootfs.1').waitFor();
  assert.equal(await page.getByRole('progressbar').getAttribute('value'), '46');
  assert.equal(await page.getByRole('button', { name: 'Install' }).isVisible(), false);
  made.image = {
    ...IMAGE,
    slots: [
      { ...A, first: false },
      { ...B, first: true, version: '1.1.0' },
    ],
    update: { ...INSTALLING, phase: 'installed' },
  };
  made.isSilent = false;
  made.steps = [{ ...INSTALLING, phase: 'installed' }];
  await page.getByText('1.1.0 is installed in slot B. The next reboot takes it.').waitFor();
  await row('slots', 'B').getByText('is booted next').waitFor();
  assert.deepEqual(complaints, []);
});

test('what the boot waits for is told, and what became of updates', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const made = new MadeUp();
  const bad = { ...HEALTH, verdict: 'bad', reasons: ['store is degraded'], readings: 0, steady_seconds: 0 };
  made.image = {
    ...IMAGE,
    ...FAILED,
    health: { ...HEALTH, readings: 3, steady_seconds: 6 },
    confirmation: { state: 'waiting', why: '' },
  };
  const { page } = await enter(site, made);
  await page.getByText('waits for good health: 3 of 5 readings, 6 of 60 s').waitFor();
  await page.getByText('The last update, to 1.0.9, fell back').waitFor();
  await page.locator('#failed').getByText('1.0.9').waitFor();
  made.image = { ...IMAGE, health: bad, confirmation: { state: 'unhealthy', why: 'bad: store' } };
  await page.getByText('not confirmed: bad: store').waitFor();
  await page.getByText('bad; store is degraded').waitFor();
});

test('a reboot and a factory reset want a second word, the reset the serial', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const made = new MadeUp();
  const { page } = await enter(site, made);
  assert.equal(await page.getByRole('button', { name: 'Reboot now' }).isVisible(), false);
  await page.getByText('Reboot the appliance').click();
  await page.getByRole('button', { name: 'Reboot now' }).click();
  await page.getByText('The appliance reboots.').waitFor();
  await page.getByText('Factory reset', { exact: true }).click();
  await page.getByRole('button', { name: 'Erase everything' }).click();
  assert.deepEqual(made.orders, [['/api/v1/image/reboot', {}]], 'nothing without the serial');
  made.refusal = 'confirm must be the serial of this device';
  await page.getByLabel('The serial of this device').fill('4K7Q');
  await page.getByRole('button', { name: 'Erase everything' }).click();
  await page.getByRole('alert').getByText(made.refusal).waitFor();
  made.refusal = undefined;
  await page.getByLabel('The serial of this device').fill('4K7Q-M2XW-9TC');
  await page.keyboard.press('Enter');
  await page.getByText('Everything is erased, and the appliance reboots.').waitFor();
  assert.deepEqual(made.orders.at(-1), ['/api/v1/image/factory-reset', { confirm: '4K7Q-M2XW-9TC' }]);
});

test('a reader sees how it is, and no button', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const { page } = await enter(site, new MadeUp(), READ_TOKEN);
  await page
    .getByText('31 of')
    .or(page.getByText('confirmed', { exact: true }).first())
    .first()
    .waitFor();
  assert.equal(await page.locator('main button:visible, main input:visible').count(), 0);
});

test('it fits every width, can be read in light and dark; docs/console-image.png is there', { skip }, async () => {
  await using site = await ConsoleSite.open(browser);
  const made = new MadeUp();
  made.image = { ...IMAGE, ...FAILED, update: INSTALLING };
  const { page } = await enter(site, made, ADMIN_TOKEN, { reducedMotion: 'reduce', timezoneId: 'UTC' });
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByText('Reboot the appliance').click();
  await page.getByText('Factory reset', { exact: true }).click();
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [320, 400, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme}, ${width} px`);
      const looks = process.env['BARTIZAN_LOOKS'];
      if (looks !== undefined)
        await page.screenshot({ fullPage: true, path: join(looks, `${colorScheme}-${width}.png`) });
    }
  }
  await page.getByText('46 % Copying image to rootfs.1').waitFor();
  await page.mouse.move(0, 0);
  const renew = process.env['BARTIZAN_RENEW_PICTURES'] === '1';
  await page.screenshot({ fullPage: true, ...(renew ? { path: PICTURE } : {}) });
  const picture = await readFile(PICTURE);
  assert.equal(picture.readUInt32BE(PNG_WIDTH), 1280);
  assert.ok(picture.length < 200_000, `${picture.length} bytes`);
});
