import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Static } from 'typebox';
import type { ImageAnswer } from '../../core/api/own/image.ts';
import { INSIDE, noBoot } from '../support/booted/machine.ts';
import { noRauc, RaucMachine, STICK } from '../support/updates/rauc-machine.ts';
import { waitFor } from '../support/wait-for.ts';

type Image = Static<typeof ImageAnswer>;

const BARTIZAN = ['/usr/lib/bartizan/node', '/usr/lib/bartizan/dist/bundle/main.js'] as const;
/** RAUC leases a bundle of the older format, which these are: without device mapper the newer one cannot be installed. */
const LEASES = 'AmbientCapabilities=CAP_LEASE\nCapabilityBoundingSet=CAP_LEASE\n';

const cli = ({ machine }: RaucMachine, ...args: readonly string[]): Promise<string> =>
  machine.run(...BARTIZAN, ...args, '--state', INSIDE);

const imageOf = async (site: RaucMachine): Promise<Image> => JSON.parse(await cli(site, 'image', '--json')) as Image;

/** Boots, and resolves when the daemon answers. */
async function up(site: RaucMachine): Promise<string> {
  const slot = await site.boot();
  await site.machine.active('bartizan.service');
  await answered(site);
  return slot;
}

/** The daemon, started anew; resolves when it answers. */
async function restarted(site: RaucMachine): Promise<void> {
  await site.machine.run('systemctl', 'restart', 'bartizan.service');
  await answered(site);
}

const answered = (site: RaucMachine): Promise<true> =>
  waitFor('the command line to be answered', () =>
    imageOf(site).then(
      () => true as const,
      () => undefined,
    ),
  );

/** Until an image is shown of which this holds. */
function shown(site: RaucMachine, what: string, holds: (image: Image) => boolean): Promise<Image> {
  let last: Image | undefined;
  const look = async () => {
    last = await imageOf(site);
    return holds(last) ? last : undefined;
  };
  return waitFor(what, look, { withinMs: 90_000 }).catch((cause: unknown) => {
    throw new Error(`${String(cause)}; shown last: ${JSON.stringify(last)}`, { cause });
  });
}

/** How long a boot must be steady, from the next start on. */
const settle = ({ machine }: RaucMachine, window: string): void =>
  writeFileSync(join(machine.state, 'bartizan.yaml'), `image:\n  readings: 2\n  stability_window: ${window}\n`, {
    mode: 0o600,
  });

/** What the daemon would say if it were not well. */
async function fallsIll({ machine }: RaucMachine): Promise<void> {
  await machine.run('systemctl', 'stop', 'bartizan.service');
  const script = `at=$(sed 's/\\..*//' /proc/uptime)000
printf 'at=%s\\nboot_id=%s\\npid=1\\nverdict=bad\\nbad=store\\nwithin=1000\\n' $at $(cat ${INSIDE}/lab/boot-id) >/run/bartizan/health`;
  await machine.run('sh', '-c', script);
}

test('an update is installed, booted and confirmed; the next is not well, falls back, and is remembered', {
  skip: noBoot() || noRauc(),
}, async (t) => {
  await using site = new RaucMachine({ 'bartizan.service': LEASES });
  settle(site, '2s');
  site.bundle('good.raucb', { version: '1.1.0', hash: 'b1b1b1b1b1b1b1b1' });
  site.bundle('older.raucb', { version: '0.9.0', hash: 'c0c0c0c0c0c0c0c0' });
  site.bundle('ill.raucb', { version: '1.2.0', hash: 'a2a2a2a2a2a2a2a2' });
  site.bundle('foreign.raucb', { version: '1.3.0', signedBy: 'other' });

  await t.test('a flashed slot is confirmed after its first boot, and says so on the console', async () => {
    assert.equal(await up(site), 'A');
    const image = await shown(
      site,
      'slot A to be confirmed',
      ({ confirmation }) => confirmation?.state === 'confirmed',
    );
    assert.deepEqual([image.version, image.slot, image.lab, site.counter('A_TRY')], ['1.0.0', 'A', true, '0']);
    assert.match(
      site.machine.console,
      /bartizan-confirm: slot A marked good after \d+ good readings in \d+ s, 4 MB read through verity at \d+ MB\/s/,
    );
  });

  await t.test('what is not ours is refused with the reason; the daemon itself may mark nothing good', async () => {
    await assert.rejects(
      cli(site, 'image', 'install', 'stick/foreign.raucb'),
      /is not signed by whom this appliance trusts/,
    );
    const asDaemon = ['--reuid', 'bartizan', '--regid', 'bartizan', '--clear-groups'];
    await assert.rejects(
      site.machine.run('setpriv', ...asDaemon, 'rauc', 'status', 'mark-good'),
      /Rejected send message/,
    );
    await assert.rejects(
      site.machine.run('setpriv', '--reuid', 'nobody', '--clear-groups', 'rauc', 'status'),
      /rejected|Rejected/,
    );
  });

  await t.test(
    'a bundle that is another one by the time it is installed is refused, and its slot is not booted',
    async () => {
      // Ahead of the real one: what is looked at is not what is installed.
      const lying = `[ "$1" = info ] || exec /usr/bin/rauc "$@"\nexec /usr/bin/rauc info --output-format=json ${STICK}/good.raucb`;
      const place =
        'mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin && cat >/usr/local/sbin/rauc && chmod 755 /usr/local/sbin/rauc';
      await site.machine.run('sh', '-c', `printf '#!/bin/sh\\n%s\\n' '${lying}' | { ${place}; }`);
      // What is mounted is seen by who starts after it.
      await restarted(site);
      await assert.rejects(
        cli(site, 'image', 'install', 'stick/older.raucb'),
        /1\.1\.0 refused: slot B was given version 0\.9\.0, and not what was looked at before \(1\.1\.0\); slot B is marked bad and is not booted/,
      );
      await site.machine.run('umount', '/usr/local/sbin');
      await restarted(site);
      assert.equal(site.content('B').version, '0.9.0');
      assert.equal(site.counter('B_OK'), '0');
      const { slots, last } = await imageOf(site);
      assert.deepEqual([slots[1]?.state, slots[1]?.first, last?.result], ['bad', false, 'refused']);
      assert.match(await cli(site, 'history', '--json'), /image_refused/);
      assert.match(await cli(site, 'audit', '--json'), /refuse_image/);
    },
  );

  await t.test(
    'a daemon that is started anew in the midst of an installation finds out what became of it',
    async () => {
      const begun = cli(site, 'image', 'install', 'stick/good.raucb');
      await waitFor('the installation to begin', () =>
        imageOf(site).then(
          ({ update }) => update?.phase === 'installing' || update?.phase === 'installed' || undefined,
        ),
      );
      await site.machine.run('systemctl', 'restart', 'bartizan.service');
      assert.match(await begun, /1\.1\.0 is installed/);
      const { slots, last } = await imageOf(site);
      assert.deepEqual([slots[1]?.version, slots[1]?.first, last?.result], ['1.1.0', true, 'refused']);
    },
  );

  await t.test('a good one is installed into B', async () => {
    assert.match(await cli(site, 'image', 'install', 'stick/good.raucb'), /^1\.1\.0 is being installed into slot B/);
    const image = await shown(site, 'it to be installed', ({ update }) => update?.phase === 'installed');
    assert.deepEqual([image.slots[1]?.version, image.slots[1]?.first], ['1.1.0', true]);
    assert.deepEqual(site.content('B').version, '1.1.0');
  });

  await t.test('the next boot takes it; shut down in order while it is well, it has its tries back', async () => {
    await site.machine.cutPower();
    settle(site, '10m');
    assert.equal(await up(site), 'B');
    await shown(site, 'it to be well', ({ health }) => health?.verdict === 'good');
    assert.equal(site.counter('B_TRY'), '1');
    await site.machine.run('systemctl', 'reboot', '--no-block');
    await site.machine.down();
    assert.match(site.machine.console, /slot B was shut down while it was well: its tries begin anew/);
    assert.deepEqual([site.counter('B_TRY'), site.counter('ORDER')], ['0', 'B A']);
    settle(site, '2s');
  });

  await t.test('left alone, it is confirmed', async () => {
    await site.machine.cutPower();
    assert.equal(await up(site), 'B');
    const image = await shown(site, 'the update to be over', ({ last }) => last?.result === 'confirmed');
    assert.deepEqual([image.version, image.last?.result, image.last?.version], ['1.1.0', 'confirmed', '1.1.0']);
    assert.match(site.machine.console, /bartizan-confirm: slot B marked good after/);
    assert.equal(site.counter('B_TRY'), '0');
  });

  await t.test('a confirmed slot is marked good again without the window', async () => {
    await site.machine.cutPower();
    assert.equal(await up(site), 'B');
    await waitFor('slot B to be marked', () =>
      /slot B marked good, as it was confirmed before/.test(site.machine.console) ? true : undefined,
    );
    assert.equal(site.counter('B_TRY'), '0');
  });

  await t.test('one that is not well reboots by itself', async () => {
    assert.deepEqual(site.known(), ['authority.pem', 'confirmed.A', 'confirmed.B']);
    await cli(site, 'image', 'install', 'stick/ill.raucb');
    await shown(site, 'it to be installed', ({ update }) => update?.phase === 'installed');
    assert.deepEqual(site.known(), ['authority.pem', 'confirmed.B'], 'what is written has to show itself');
    await site.machine.cutPower();
    settle(site, '10m');
    assert.equal(await up(site), 'A');
    await fallsIll(site);
    await site.machine.down();
    assert.match(
      site.machine.console,
      /bartizan-confirm: slot A is unhealthy \(bad: store\): rebooting, its tries lead to slot B/,
    );
  });

  await t.test('with its tries used up the other slot is back, and knows what failed', async () => {
    await site.machine.cutPower();
    site.counters({ A_TRY: '3' });
    assert.equal(await up(site), 'B');
    const image = await shown(site, 'the update to be over', ({ last }) => last?.version === '1.2.0');
    assert.deepEqual(
      [image.last?.result, image.failed_versions.map(({ version }) => version)],
      ['fell_back', ['1.2.0']],
    );
    await waitFor('slot B to be marked', () => (site.counter('B_TRY') === '0' ? true : undefined));
    // Whoever gives tries back later finds it first.
    await waitFor('slot B to be the first', () => (site.counter('ORDER') === 'B A' ? true : undefined));
    await assert.rejects(cli(site, 'image', 'install', 'stick/ill.raucb'), /version 1\.2\.0 was tried and fell back/);
    assert.match(await cli(site, 'history', '--json'), /image_fell_back/);
  });
});

test('a stick is mounted so that nothing on it can do anything, and goes with its device', {
  skip: noBoot() || noRauc(),
}, async () => {
  await using site = new RaucMachine({ 'bartizan.service': '[Unit]\nConditionPathExists=/nothing\n' });
  const files = join(site.lab, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'x.raucb'), 'bundle');
  const stick = join(site.lab, 'stick.img');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', files, stick, '8M'], { stdio: 'pipe' });
  rmSync(files, { recursive: true });
  await site.boot();
  const { machine } = site;
  const device = (await machine.run('losetup', '--find', '--show', `${INSIDE}/lab/stick.img`))
    .trim()
    .slice('/dev/'.length);
  try {
    await machine.run('/usr/lib/bartizan/systemd/usb', 'mount', device);
    const options = await machine.run('findmnt', '-no', 'OPTIONS', `/run/bartizan-usb/${device}`);
    for (const option of ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'])
      assert.ok(
        options.split(',').some((one) => one.trim() === option),
        options,
      );
    assert.equal(await machine.run('cat', `/run/bartizan-usb/${device}/x.raucb`), 'bundle');
    await machine.run('/usr/lib/bartizan/systemd/usb', 'unmount', device);
    await assert.rejects(machine.run('ls', `/run/bartizan-usb/${device}`));
    await machine.run('sh', '-c', `mkdir -p /run/bartizan-disk; ln -s /dev/${device} /run/bartizan-disk/data`);
    await machine.run('/usr/lib/bartizan/systemd/usb', 'mount', device);
    await assert.rejects(machine.run('ls', `/run/bartizan-usb/${device}`));
    await assert.rejects(machine.run('/usr/lib/bartizan/systemd/usb', 'mount', '../sda'), /not a name of a device/);
  } finally {
    await machine.run('losetup', '--detach', `/dev/${device}`);
  }
});
