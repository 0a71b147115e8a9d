/**
 * Installing Debian packages with the real apt and dpkg, offline: from an archive of one small package that brings a
 * service. /usr, /var and /etc are overlays in a mount namespace of the test's own, so the machine keeps nothing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Ended, run, scratchClone } from '../support/scratch-clone.ts';

const PROBE = 'bartizan-probe';
const CONTROL = `Package: ${PROBE}
Version: 1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: brings a service that must not start
`;
const POSTINST = `#!/bin/sh
set -e
deb-systemd-helper enable ${PROBE}.service
update-rc.d ${PROBE} defaults
invoke-rc.d ${PROBE} start
`;
const LEFT_GUARD =
  "printf '#!/bin/sh\\n# bartizan: left behind\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d";
const ENABLED = `/etc/systemd/system/multi-user.target.wants/${PROBE}.service`;
const STARTED = `/var/lib/${PROBE}-started`;

interface Machine {
  readonly clone: string;
  /** Runs a shell command on the machine. */
  sh(script: string): ReturnType<typeof run>;
  provision(): ReturnType<typeof run>;
}

/** A view of this machine whose apt knows one archive, and no package lists yet. */
async function machine(t: TestContext): Promise<Machine> {
  const clone = scratchClone(t, `run ${PROBE} the test`);
  await archive(join(clone, 'archive'));
  const mounts = `
    set -e
    mkdir layers && mount -t tmpfs tmpfs layers
    for top in usr var etc; do
      mkdir layers/$top layers/$top.work
      mount -t overlay overlay -o lowerdir=/$top,upperdir=layers/$top,workdir=layers/$top.work /$top
    done
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
    echo 'deb [trusted=yes] file:${clone}/archive ./' >/etc/apt/sources.list
    rm -f /usr/sbin/policy-rc.d /usr/sbin/runlevel
    printf '#!/bin/sh\\necho N 2\\n' >/usr/sbin/runlevel
    chmod 755 /usr/sbin/runlevel
    touch /etc/${PROBE}-overlay
    echo mounted; read -r end`;
  const holder = run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mounts], clone);
  t.after(async () => {
    holder.child.stdin.end();
    await holder.ended;
  });
  await holder.said(/mounted/);
  // With --root: in a chroot the namespace alone would lead out of it, onto the machine itself.
  const enter = ['nsenter', `--target=${holder.child.pid}`, '--mount', '--root', `--wd=${clone}`, 'sh'];
  const there = await run([...enter, '-c', `ls /etc/${PROBE}-overlay`], clone).ended;
  assert.equal(there.code, 0, `not on the overlays: ${there.stderr}`);
  return {
    clone,
    sh: (script) => run([...enter, '-c', script], clone),
    provision: () => run([...enter, 'image/provision/provision'], clone),
  };
}

async function archive(folder: string): Promise<void> {
  const tree = join(folder, 'tree');
  const files = {
    'DEBIAN/control': CONTROL,
    'DEBIAN/postinst': POSTINST,
    [`etc/init.d/${PROBE}`]: `#!/bin/sh\n### BEGIN INIT INFO\n# Provides: ${PROBE}\n# Default-Start: 2\n### END INIT INFO\ntouch ${STARTED}\n`,
    [`lib/systemd/system/${PROBE}.service`]: `[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), text, { mode: 0o755 });
  }
  const built = await run(['dpkg-deb', '--root-owner-group', '--build', 'tree', 'probe.deb'], folder).ended;
  assert.equal(built.code, 0, built.stderr);
  const deb = readFileSync(join(folder, 'probe.deb'));
  const hash = createHash('sha256').update(deb).digest('hex');
  writeFileSync(join(folder, 'Packages'), `${CONTROL}Filename: ./probe.deb\nSize: ${deb.length}\nSHA256: ${hash}\n`);
}

const skip = process.getuid?.() === 0 ? false : 'needs root';

async function assertInstalled(machine: Machine, ended: Ended): Promise<void> {
  assert.equal(ended.code, 0, ended.stderr);
  const state = await machine.sh(`
    dpkg-query -W -f '\${db:Status-Status}\\n' ${PROBE}
    for path in ${STARTED} ${ENABLED} /usr/sbin/policy-rc.d*; do [ ! -e $path ] || echo "left: $path"; done`).ended;
  assert.equal(state.stdout, 'installed\n');
}

test('fetches the package lists, installs, starts and enables no service', { skip }, async (t) => {
  const debian = await machine(t);
  const ended = await debian.provision().ended;
  assert.match(ended.stderr, /^provision: installing Debian packages: bartizan-probe\nprovision: installing what/);
  await assertInstalled(debian, ended);
  assert.deepEqual(await debian.provision().ended, { code: 0, stdout: '', stderr: '' });
});

test('without the guard the same package would start and enable its service', { skip }, async (t) => {
  const debian = await machine(t);
  await debian.sh(`apt-get -q update && apt-get install -qy ${PROBE}`).ended;
  const state = await debian.sh(`ls ${STARTED} ${ENABLED}`).ended;
  assert.equal(state.code, 0, state.stderr);
});

test("keeps the machine's own policy on services", { skip }, async (t) => {
  const debian = await machine(t);
  await debian.sh("printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d").ended;
  assert.equal((await debian.provision().ended).code, 0);
  const state = await debian.sh(`cat /usr/sbin/policy-rc.d; ls /usr/sbin/policy-rc.d* ${STARTED}`).ended;
  assert.equal(state.stdout, '#!/bin/sh\nexit 0\n/usr/sbin/policy-rc.d\n');
});

test('waits while somebody else installs', { skip }, async (t) => {
  const debian = await machine(t);
  const holding =
    "import fcntl; lock = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(lock, fcntl.LOCK_EX); print('held', flush=True); input()";
  const other = debian.sh(`exec python3 -c "${holding}"`);
  await other.said(/held/);
  const waiting = debian.provision();
  await waiting.said(/waiting for another package installation to finish/);
  other.child.stdin.end('\n');
  await other.ended;
  await assertInstalled(debian, await waiting.ended);
});

test('goes on after an installation that was killed', { skip }, async (t) => {
  const debian = await machine(t);
  // Killed in the midst: unpacked but not configured, the guard still standing.
  const killed = `
    cd archive && dpkg --unpack probe.deb && : >/var/lib/dpkg/updates/0000 &&
    ${LEFT_GUARD}`;
  assert.equal((await debian.sh(killed).ended).code, 0);
  const ended = await debian.provision().ended;
  assert.match(ended.stderr, /finishing an installation that was interrupted/);
  await assertInstalled(debian, ended);
});

test('a guard that a killed run left is removed though nothing is missing', { skip }, async (t) => {
  const debian = await machine(t);
  await debian.provision().ended;
  assert.equal((await debian.sh(LEFT_GUARD).ended).code, 0);
  await assertInstalled(debian, await debian.provision().ended);
});

test('says why when a package cannot be had, and installs nothing else', { skip }, async (t) => {
  const debian = await machine(t);
  await debian.sh(`echo run bartizan-nowhere a reason >>image/provision/packages`).ended;
  const { code, stderr } = await debian.provision().ended;
  assert.equal(code, 1);
  assert.match(stderr, /Unable to locate package bartizan-nowhere/);
  assert.match(stderr, /apt-get failed, see build\/provision.log; run this again when its cause is mended\n$/);
  assert.equal((await debian.sh(`dpkg-query -W ${PROBE}; ls node_modules`).ended).stdout, '');
});
