import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateStand } from '../../../../core/api/image.ts';
import { settled } from '../../../support/settled.ts';
import { SERIAL, UpdaterSite } from '../../../support/updates/updater-site.ts';

async function site(): Promise<UpdaterSite> {
  const made = new UpdaterSite();
  await made.restart();
  return made;
}

/** Installs 1.1.0 to its end. */
async function installed(): Promise<UpdaterSite> {
  const made = await site();
  assert.equal((await made.install()).ok, true);
  await settled();
  return made;
}

const phase = async ({ updater }: UpdaterSite) => (await updater.status())?.update.phase;
const last = async ({ updater }: UpdaterSite) => (await updater.status())?.last?.result;

test('an update is installed, booted, compared with before, and confirmed', async () => {
  const made = await site();
  const steps: UpdateStand[] = [];
  made.updater.onProgress((stand) => void steps.push(stand));
  const begun = await made.install();
  assert.deepEqual(begun.ok && [begun.value.phase, begun.value.version, begun.value.slot], [
    'installing',
    '1.1.0',
    'B',
  ]);
  await settled();
  assert.deepEqual([...new Set(steps.map((step) => step.phase))], ['checking', 'installing', 'installed']);
  assert.ok(steps.some(({ percent }) => percent === 50));
  await made.boot('B', '1.1.0');
  assert.equal(await phase(made), 'confirming');
  assert.deepEqual(made.healthFile()['verdict'], 'good');
  made.confirms('confirmed');
  made.clock.advance(10_000);
  await settled();
  assert.deepEqual([await phase(made), await last(made), made.alarms], ['idle', 'confirmed', []]);
});

test('after an update nothing may be worse than before; without one, absence is no fault', async () => {
  const made = await installed();
  made.states = { store: 'ok', mqtt: 'failed' };
  await made.boot('B', '1.1.0');
  assert.deepEqual([made.healthFile()['verdict'], made.healthFile()['bad']], ['bad', 'mqtt']);
  made.states = { store: 'waiting', mqtt: 'waiting' };
  made.clock.advance(2000);
  await settled();
  assert.deepEqual([made.healthFile()['verdict'], made.healthFile()['bad']], ['bad', 'store']);
});

test('a version that fell back is remembered, told, and not installed again unless asked for', async () => {
  const made = await installed();
  await made.boot('B', '1.1.0');
  await made.boot('A', '1.0.0', 'good');
  assert.equal(await last(made), 'fell_back');
  assert.equal(made.alarms.length, 1);
  assert.match(made.alarms[0] ?? '', /^fell_back: The update to 1\.1\.0 fell back to 1\.0\.0: slot B/);
  const refused = await made.install();
  assert.deepEqual([refused.ok, !refused.ok && refused.code], [false, 'failed_before']);
  await made.restart();
  assert.equal(made.alarms.length, 1);
  assert.equal((await made.install('good', { failed: true })).ok, true);
  await settled();
  await made.boot('B', '1.1.0');
  made.confirms('confirmed');
  made.clock.advance(10_000);
  await settled();
  assert.deepEqual((await made.updater.status())?.failedVersions, []);
});

test('a boot that never reached the new version counts as tried', async () => {
  const made = await installed();
  await made.boot('A', '1.0.0', 'good');
  assert.equal(await last(made), 'fell_back');
});

test('a power cut in the midst of an installation is no failed version', async () => {
  const made = await site();
  made.slots.hold = new Promise(() => undefined);
  await made.install();
  await made.boot('A', '1.0.0', 'good');
  assert.equal(await last(made), 'interrupted');
  assert.deepEqual((await made.updater.status())?.failedVersions, []);
});

test('a daemon that was started anew while RAUC was at it finds out how that ended', async () => {
  const made = await site();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.hold = promise;
  await made.install();
  await made.restart();
  assert.equal(await phase(made), 'unknown');
  const refused = await made.install();
  assert.equal(!refused.ok && refused.code, 'busy');
  resolve();
  await settled();
  made.clock.advance(10_000);
  await settled();
  assert.equal(await phase(made), 'installed');
});

test('a daemon that does not know yet what became of the last update does not show it as over', async () => {
  const made = await site();
  const hold = Promise.withResolvers<void>();
  made.slots.hold = hold.promise;
  await made.install();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.slow = promise;
  await made.restart();
  assert.equal(made.updater.stand().phase, 'unknown', 'its start has not waited for RAUC');
  for (const refused of [await made.install(), await made.updater.reboot()])
    assert.match(refused.ok ? '' : `${refused.code}: ${refused.public}`, /^busy: it is not known yet what/);
  resolve();
  hold.resolve();
  await settled();
  made.clock.advance(10_000);
  await settled();
  assert.equal(await phase(made), 'installed');
});

test('where nothing was on its way, or waits for a boot, no order has to wait for RAUC', async () => {
  for (const [made, expected] of [
    [await site(), 'idle'],
    [await installed(), 'installed'],
  ] as const) {
    made.slots.slow = new Promise(() => undefined);
    await made.restart();
    assert.equal(made.updater.stand().phase, expected);
    assert.equal((await made.updater.reboot()).ok, true);
    assert.equal((await made.updater.factoryReset(SERIAL)).ok, true);
  }
});

const SWAPS = [
  ['another version', { version: '1.0.5', compatible: 'bartizan-amd64' }, /given version 1\.0\.5, .*\(1\.1\.0\)/],
  [
    'another bundle of the same version',
    { version: '1.1.0', compatible: 'bartizan-amd64', sums: { rootfs: 'b'.repeat(64) } },
    /given another rootfs of version 1\.1\.0/,
  ],
] as const;
for (const [what, swapped, why] of SWAPS)
  for (const cutsOff of [false, true])
    test(`${what} in place of what was looked at is refused${cutsOff ? ', also where nobody waited' : ''}`, async () => {
      const made = await site();
      made.bundle('good', '1.1.0', 'bartizan-amd64', swapped);
      made.slots.cutsOff = cutsOff;
      assert.equal((await made.install()).ok, true);
      await settled();
      const status = await made.updater.status();
      assert.deepEqual(
        [status?.update.phase, status?.last?.result, status?.last?.version],
        ['idle', 'refused', '1.1.0'],
      );
      assert.match(status?.last?.why ?? '', why);
      assert.match(status?.last?.why ?? '', /slot B is marked bad and is not booted/);
      const [a, b] = status?.slots ?? [];
      assert.deepEqual([a?.state, b?.state, b?.isFirst], ['good', 'bad', false]);
      assert.deepEqual(made.asked, ['refuse-slot']);
      assert.match(made.alarms[0] ?? '', /^refused: The update to 1\.1\.0 was refused after it was installed/);
      assert.deepEqual(
        made.audits.map(({ action, target, actor }) => [action, target, actor]),
        [['refuse_image', '1.1.0', 'bartizan']],
      );
      assert.deepEqual(status?.failedVersions, []);
    });

test('a slot that cannot be marked bad is told of as what it is', async () => {
  const made = await site();
  made.bundle('good', '1.1.0', 'bartizan-amd64', { version: '1.0.5', compatible: 'bartizan-amd64' });
  made.refusesToMark = true;
  await made.install();
  for (let waited = 0; waited < 3; waited++) {
    await settled();
    made.clock.advance(2000);
  }
  await settled();
  assert.deepEqual(made.asked, ['refuse-slot', 'refuse-slot', 'refuse-slot']);
  assert.match(made.alarms[0] ?? '', /could not be marked bad \(nobody does it\): do not reboot/);
});

test('an installation whose asker is killed is followed, booked as what it became, and is alone meanwhile', async () => {
  const made = await site();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.hold = promise;
  made.slots.cutsOff = true;
  assert.equal((await made.install()).ok, true);
  await settled();
  const { update } = (await made.updater.status()) ?? {};
  assert.deepEqual([update?.phase, update?.percent, update?.message], ['unknown', 50, 'Copying image']);
  assert.equal(await last(made), undefined);
  for (const refused of [await made.install(), await made.updater.reboot()]) {
    assert.equal(!refused.ok && refused.code, 'busy');
    assert.match(refused.ok ? '' : refused.public, /1\.1\.0 is still being installed by RAUC/);
  }
  resolve();
  await settled();
  made.clock.advance(10_000);
  await settled();
  assert.equal(await phase(made), 'installed');
});

test('one that fails when nobody waits for it any more has failed, for the reason that RAUC gives', async () => {
  const made = await site();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.hold = promise;
  await made.install();
  await made.restart();
  made.slots.bundles.set('/run/bartizan-usb/sda1/good.raucb', { refused: 'no_space' });
  resolve();
  await settled();
  made.clock.advance(2000);
  await settled();
  const status = await made.updater.status();
  assert.deepEqual(
    [status?.update.phase, status?.last?.result, status?.last?.why],
    ['idle', 'failed', 'refused: no_space'],
  );
});

test('a service that goes away in the midst of it has interrupted it', async () => {
  const made = await site();
  made.slots.hold = new Promise(() => undefined);
  await made.install();
  await made.restart();
  assert.equal(await phase(made), 'unknown');
  made.slots.crash();
  made.clock.advance(2000);
  await settled();
  assert.deepEqual([await phase(made), await last(made)], ['idle', 'interrupted']);
});

test('RAUC that is not heard of for half an hour has interrupted it; one that shows no step for so long may be rebooted', async () => {
  const silent = await site();
  silent.slots.hold = new Promise(() => undefined);
  await silent.install();
  await silent.restart();
  silent.slots.unavailable = true;
  await pass(silent, 30);
  assert.deepEqual([await phase(silent), await last(silent)], ['idle', 'interrupted']);

  const stuck = await site();
  stuck.slots.hold = new Promise(() => undefined);
  await stuck.install();
  await stuck.restart();
  assert.equal((await stuck.updater.reboot()).ok, false);
  await pass(stuck, 31);
  assert.equal(stuck.updater.component()?.state, 'degraded');
  assert.equal((await stuck.install()).ok, false);
  assert.equal((await stuck.updater.reboot()).ok, true);
});

/** Minutes, look by look. */
async function pass({ clock }: UpdaterSite, minutes: number): Promise<void> {
  for (let looks = 0; looks < minutes * 30; looks++) {
    clock.advance(2000);
    await settled();
  }
}

test('while RAUC is at what somebody else asked for, nothing is begun', async () => {
  const made = await site();
  made.slots.hold = new Promise(() => undefined);
  void made.slots.install({ kind: 'file', path: '/run/bartizan-usb/sda1/good.raucb' }, () => undefined);
  await settled();
  const refused = await made.install();
  assert.deepEqual(!refused.ok && [refused.code, refused.public], [
    'busy',
    'RAUC is at work on something that was not asked for here',
  ]);
  assert.equal(await last(made), undefined);
});

for (const [what, text] of [
  ['a pending update without slots', '{"schema":1,"failed":[],"pending":{"phase":"installing"}}'],
  [
    'one of unknown slots',
    '{"schema":1,"failed":[],"pending":{"to":{"slot":"C","version":"1"},"from":{"slot":"A","version":"1"},"source":"x","phase":"installed","bootId":"b","at":1,"actor":"a","before":{}}}',
  ],
  ['what is no list of versions', '{"schema":1,"failed":[null,7,{"version":1}],"last":"yesterday"}'],
] as const)
  test(`${what} in the book keeps nobody from updating`, async () => {
    const made = new UpdaterSite();
    made.files.held.set('/state/updates.json', text);
    await made.restart();
    assert.deepEqual([await phase(made), await last(made)], ['idle', undefined]);
    assert.equal((await made.install()).ok, true);
  });

test('RAUC that takes its time keeps nobody from seeing how it was', async () => {
  const made = await installed();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.slow = promise;
  const asked = made.updater.status();
  await settled();
  made.clock.advance(5000);
  const status = await asked;
  assert.deepEqual(
    [status?.update.phase, status?.slots[1]?.version, status?.trouble],
    ['installed', '1.1.0', undefined],
  );
  resolve();
  await settled();
});

test('a stick that hangs keeps nothing else from being shown', async () => {
  const made = await site();
  let asked = 0;
  made.files.bundles = () => {
    asked++;
    return new Promise(() => undefined);
  };
  const looks = [made.updater.status(), made.updater.status()];
  await settled();
  made.clock.advance(2000);
  for (const look of looks) assert.deepEqual((await look)?.media, []);
  assert.equal(asked, 1);
});

for (const [bundle, version, compatible, code] of [
  ['old', '0.9.0', 'bartizan-amd64', 'older'],
  ['other', '1.1.0', 'other-machine', 'incompatible'],
  ['nowhere', undefined, '', 'unreachable'],
] as const)
  test(`a bundle that is refused as ${code} leaves nothing behind`, async () => {
    const made = await site();
    if (version !== undefined) made.bundle(bundle, version, compatible);
    const begun = await made.install(bundle);
    assert.deepEqual([begun.ok, !begun.ok && begun.code], [false, code]);
    assert.deepEqual([await phase(made), await last(made)], ['idle', undefined]);
  });

test('an older version is installed when asked for', async () => {
  const made = await site();
  made.bundle('old', '0.9.0');
  assert.equal((await made.install('old', { older: true })).ok, true);
});

for (const source of [
  '/etc/passwd',
  'sda1/../x.raucb',
  'x.raucb',
  'ftp://a/b.raucb',
  'https://u:p@a/b.raucb',
  'a/b/c.raucb',
  '',
])
  test(`${source || 'nothing'} is no source`, async () => {
    const { updater } = await site();
    const begun = await updater.install({ source, allow: { older: false, failed: false }, actor: 'operator' });
    assert.equal(!begun.ok && begun.code, 'bad_source');
  });

test('a URL that leads where nothing is fetched from is refused', async () => {
  const made = await site();
  made.refusedHost = '10.0.0.1 is private: outbound.allow_private does not name it';
  const source = 'http://10.0.0.1/x.raucb';
  const begun = await made.updater.install({ source, allow: { older: false, failed: false }, actor: 'operator' });
  assert.deepEqual(!begun.ok && [begun.code, begun.public], ['bad_source', made.refusedHost]);
});

test('no secret of a URL is shown, logged, told or written down', async () => {
  const made = await site();
  const told: UpdateStand[] = [];
  made.updater.onProgress((stand) => void told.push(stand));
  const source = 'https://h.example/x.raucb?token=s3cret';
  made.slots.bundles.set(source, { facts: { version: '1.1.0', compatible: 'bartizan-amd64' } });
  const begun = await made.updater.install({ source, allow: { older: false, failed: false }, actor: 'operator' });
  assert.equal(begun.ok && begun.value.source, 'https://h.example/x.raucb?token=***');
  await settled();
  const all = [begun, await made.updater.status(), told, made.logged, made.about, [...made.files.held.values()]];
  assert.equal(JSON.stringify(all).includes('s3cret'), false);
});

test('only one is installed at a time, and no reboot comes in between', async () => {
  const made = await site();
  const { promise, resolve } = Promise.withResolvers<void>();
  made.slots.hold = promise;
  await made.install();
  for (const refused of [await made.install(), await made.updater.reboot(), await made.updater.factoryReset(SERIAL)])
    assert.equal(!refused.ok && refused.code, 'busy');
  resolve();
  await settled();
  assert.equal((await made.updater.reboot()).ok, true);
  assert.deepEqual(made.asked, ['reboot']);
});

test('a slot that is not confirmed yet keeps the one that it would fall back to', async () => {
  const made = await installed();
  await made.boot('B', '1.1.0');
  made.bundle('next', '1.2.0');
  const begun = await made.install('next');
  assert.equal(!begun.ok && begun.code, 'unconfirmed');
  assert.equal(await phase(made), 'confirming');
});

test("a bundle at which RAUC's service goes away is tried once more, then told", async () => {
  const made = await site();
  made.slots.bundles.set('/run/bartizan-usb/sda1/crash.raucb', {
    facts: { version: '1.1.0', compatible: 'bartizan-amd64' },
    refused: 'crashed',
  });
  await made.install('crash');
  await settled();
  made.clock.advance(2000);
  await settled();
  assert.ok(made.logged.includes("RAUC's service went away; trying once more"));
  assert.deepEqual([await phase(made), await last(made)], ['idle', 'failed']);
});

test('without RAUC nothing is installed, and the component says so', async () => {
  const made = await site();
  made.slots.unavailable = true;
  const begun = await made.install();
  assert.equal(!begun.ok && begun.code, 'unavailable');
  assert.equal(made.updater.component()?.state, 'degraded');
});

test('a factory reset wants the serial of this very device', async () => {
  const made = await site();
  const refused = await made.updater.factoryReset('4K7Q-M2XW-9TC');
  assert.equal(!refused.ok && refused.code, 'wrong_serial');
  assert.equal((await made.updater.factoryReset(` ${SERIAL.toLowerCase()} `)).ok, true);
  assert.deepEqual(made.asked, ['factory-reset']);
});

test('a confirmed slot that is not well is told of, once while that lasts', async () => {
  const made = await site();
  made.confirms('unhealthy', 'bad: store');
  made.clock.advance(10_000);
  await settled();
  made.clock.advance(10_000);
  await settled();
  assert.deepEqual(made.alarms, ['unhealthy: Slot A is not confirmed: bad: store']);
});

test('on a host that is no appliance everything says so', async () => {
  const made = new UpdaterSite();
  made.isAppliance = false;
  await made.restart();
  assert.equal(await made.updater.status(), undefined);
  assert.equal(made.updater.component(), undefined);
  for (const refused of [await made.install(), await made.updater.reboot(), await made.updater.factoryReset(SERIAL)])
    assert.deepEqual(!refused.ok && [refused.code, refused.public], ['no_appliance', 'not an appliance image']);
});

test('a disk that is full keeps nobody from updating, and a torn book is begun anew', async () => {
  const made = await site();
  made.files.isFull = true;
  assert.equal((await made.install()).ok, true);
  await settled();
  assert.equal(await phase(made), 'installed');
  made.files.isFull = false;
  made.files.held.set('/state/updates.json', '{"schema":1,"fai');
  await made.restart();
  assert.equal(await phase(made), 'idle');
  assert.ok(made.logged.includes('what is known of earlier updates cannot be read'));
});

test('the health file says how it is about every two seconds, and at once when that changes', async () => {
  const made = await site();
  const { at } = made.healthFile();
  made.clock.advance(1000);
  await settled();
  assert.equal(made.healthFile()['at'], at);
  made.clock.advance(1000);
  await settled();
  assert.equal(Number(made.healthFile()['at']), Number(at) + 2000);
  made.states = { store: 'failed' };
  made.clock.advance(1000);
  await settled();
  assert.deepEqual(made.healthFile(), {
    at: String(Number(at) + 3000),
    boot_id: 'boot-0',
    pid: '7',
    verdict: 'bad',
    bad: 'store',
    readings: '3',
    window: '10000',
    within: '60000',
  });
});

test('a disk that was repaired keeps no slot from being confirmed', async () => {
  const made = await installed();
  made.states = { ...made.states, disk: 'degraded' };
  await made.boot('B', '1.1.0');
  assert.equal(made.healthFile()['verdict'], 'good');
});
