/**
 * The package on Debian 12 and 13, under a real systemd: installed, guarding, upgraded, removed, purged. Packets come over
 * a cable from another network namespace.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makePackage } from '../../image/deb/package.ts';
import { productVersion } from '../../image/tree/checkout.ts';
import { enabledBy, presetFor } from '../../image/tree/units.ts';
import { debianRoot, type Release } from '../support/booted/debian-root.ts';
import { inChroot } from '../support/booted/in-chroot.ts';
import { noBoot } from '../support/booted/machine.ts';
import { ATTACKER, differences, PackagedEdge } from '../support/booted/packaged-edge.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const VERSION = productVersion();
const LATER = '99.0.0';
const FLOOR = '/etc/bartizan/floor';
const NEW_FLOOR = '# Networks, as a later version puts it.\n';
const ENABLED = enabledBy(presetFor(readFileSync(join(ROOT, 'systemd/bartizan.preset'), 'utf8'), 'host'));
/** As far as a release's C library goes. */
const GLIBC: Readonly<Record<Release, number>> = { bookworm: 36, trixie: 41 };

let folder: string;
let first: string;
let again: string;
let later: string;

before(async () => {
  if (noBoot() !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'bartizan-deb-'));
  const make = (name: string, more: Partial<Parameters<typeof makePackage>[0]> = {}) =>
    makePackage({ folder: join(folder, name), effort: 0, ...more });
  [first, again, later] = await Promise.all([
    make('first'),
    make('again'),
    make('later', { version: LATER, over: { [FLOOR]: NEW_FLOOR }, effort: 'none' }),
  ]);
});
after(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test('the same product gives the same package, byte for byte', { skip: noBoot() }, () => {
  assert.ok(readFileSync(first).equals(readFileSync(again)));
});

/** Why this package is not for that release: it was compiled against a newer C library. */
function tooNew(release: Release): string | undefined {
  const depends = execFileSync('dpkg-deb', ['--field', first, 'Depends'], { encoding: 'utf8' });
  const wanted = Number(/libc6 \(>= 2\.(\d+)\)/.exec(depends)?.[1]);
  return wanted > GLIBC[release] ? `what is built on this machine needs glibc 2.${wanted}` : undefined;
}

/** Five failed logins, as sshd has them logged by way of syslog. */
const attack = (edge: PackagedEdge): Promise<string> =>
  edge.sh(`for i in 1 2 3 4 5 6; do
    echo "$(date '+%b %e %H:%M:%S') booted sshd[10$i]: Failed password for root from ${ATTACKER} port 40$i ssh2"
  done >>/var/log/auth.log`);

const blocked = async (edge: PackagedEdge): Promise<readonly string[]> =>
  (await edge.api('GET', '/api/v1/blocked-ips')).body.map(({ ip }: { ip: string }) => ip);

interface Trial {
  readonly pending: boolean;
  readonly change?: { readonly id: string; readonly state: string };
}

const onTrial = async (edge: PackagedEdge): Promise<Trial> => JSON.parse(await edge.sh('bartizan change --json'));

const awaiting = (edge: PackagedEdge): Promise<string> =>
  waitFor('the trial to go on', async () => {
    const { change } = await onTrial(edge);
    return change?.state === 'awaiting' ? change.id : undefined;
  });

const property = async ({ machine }: PackagedEdge, unit: string, name: string): Promise<string | undefined> =>
  (await machine.show(unit, name))[name];

async function installs(edge: PackagedEdge, release: Release): Promise<void> {
  await edge.install(first, 'apt-get --yes --no-install-recommends install');
  await edge.machine.active('bartizan.service', 5000);
  for (const unit of ENABLED) assert.equal((await edge.sh(`systemctl is-enabled ${unit}`)).trim(), 'enabled', unit);
  await edge.claim();
  const { status, body } = await edge.api('GET', '/api/v1/status');
  assert.deepEqual([status, body.version, body.claimed, body.mode], [200, VERSION, true, 'observe']);
  assert.equal(body.engine.firewall, 'net hand');
  assert.match(body.engine.http, release === 'trixie' ? /^uWebSockets\.js$/ : /^uWebSockets\.js \(copy adapted to an/);
}

async function cuts(edge: PackagedEdge): Promise<void> {
  assert.equal(await edge.answersOutside(), true);
  await edge.sh('bartizan mode enforce');
  await attack(edge);
  await waitFor('the block', async () => ((await blocked(edge)).includes(ATTACKER) ? true : undefined));
  assert.equal(await edge.answersOutside(), false);
}

/** In the midst of a trial, over a conffile that both sides have changed. */
async function upgrades(edge: PackagedEdge): Promise<void> {
  const change = { changes: { denied_networks: ['198.51.100.0/24'] }, timeout_min: 10 };
  const { status, body } = await edge.api('POST', '/api/v1/settings/firewall/tentative-apply', change);
  assert.equal(status, 200, JSON.stringify(body));
  const trial = await awaiting(edge);
  await edge.sh(`echo '# by the administrator' >>${FLOOR}`);
  const [pid, hand] = [
    await property(edge, 'bartizan.service', 'MainPID'),
    await property(edge, 'bartizan-net-hand.service', 'MainPID'),
  ];

  await edge.install(later);

  await edge.machine.active('bartizan.service', 5000);
  assert.notEqual(await property(edge, 'bartizan.service', 'MainPID'), pid);
  assert.notEqual(await property(edge, 'bartizan-net-hand.service', 'MainPID'), hand);
  assert.match(await edge.sh(`cat ${FLOOR}`), /# by the administrator\n$/);
  assert.equal(await edge.sh(`cat ${FLOOR}.dpkg-dist`), NEW_FLOOR);
  assert.equal(await awaiting(edge), trial, 'the trial is taken up by the daemon of the new version');
  const { body: now } = await edge.api('GET', '/api/v1/status');
  assert.deepEqual([now.claimed, now.mode], [true, 'enforce']);
  assert.deepEqual(await blocked(edge), [ATTACKER]);
  assert.equal(await edge.answersOutside(), false);
  await edge.sh('bartizan change revert');
  await waitFor('the end of the trial', async () => ((await onTrial(edge)).pending ? undefined : true));
}

async function refusesDowngrade(edge: PackagedEdge): Promise<void> {
  const pid = await property(edge, 'bartizan.service', 'MainPID');
  const refused = await edge.install(first).then(
    () => 'installed',
    ({ stdout }: { stdout: string }) => stdout,
  );
  assert.match(refused, new RegExp(`written by version ${LATER}, and ${VERSION} is older: nothing was changed`));
  assert.match(await edge.sh('dpkg --list bartizan | tail -n 1'), /^ii +bartizan +99/);
  assert.equal(await property(edge, 'bartizan.service', 'MainPID'), pid, 'the daemon went on');
}

/** From a version whose sockets were in the daemon's folder, while a daemon that was taken over has put links in their place. */
async function movesDoors(edge: PackagedEdge): Promise<void> {
  const units = 'bartizan-net-hand.socket bartizan-packets.socket';
  await edge.sh(`set -e
    systemctl stop bartizan.service bartizan-net-hand.service ${units}
    cd /usr/lib/systemd/system && sed -i 's#/run/bartizan-doors/#/run/bartizan/#' ${units}
    systemctl daemon-reload
    rm -r /run/bartizan-doors
    systemctl start ${units}
    for door in net-hand packets; do setpriv --reuid bartizan --regid bartizan --clear-groups ln -sf /etc/shadow /run/bartizan/$door.sock; done`);
  const victim = await edge.sh('stat --format "%U:%G %a" /etc/shadow');

  await edge.install(later);

  await edge.machine.active('bartizan.service', 5000);
  assert.equal(await edge.sh('stat --format "%U:%G %a" /etc/shadow'), victim);
  assert.equal(await edge.sh('ls /run/bartizan | grep sock || true'), '');
  assert.equal(
    await edge.sh('cd /run/bartizan-doors && stat --format "%n %U:%G %a" . *'),
    '. root:root 755\nnet-hand.sock bartizan:bartizan 600\npackets.sock bartizan:bartizan 600\n',
  );
  const { body } = await edge.api('GET', '/api/v1/status');
  assert.equal(body.engine.firewall, 'net hand');
}

async function removes(edge: PackagedEdge): Promise<void> {
  await edge.sh('dpkg --remove bartizan 2>&1');
  assert.equal(await edge.sh("systemctl is-active 'bartizan*' || find /proc -maxdepth 1 -user bartizan"), '');
  assert.equal(await edge.answersOutside(), false, 'the rules stay, as firewall.on_stop says');
  assert.equal(
    await edge.sh(`ls -d ${FLOOR} /var/lib/bartizan/bartizan.yaml`),
    `${FLOOR}\n/var/lib/bartizan/bartizan.yaml\n`,
  );
}

async function comesBack(edge: PackagedEdge): Promise<void> {
  await edge.install(later);
  await edge.machine.active('bartizan.service', 5000);
  const { body } = await edge.api('GET', '/api/v1/status');
  assert.deepEqual([body.claimed, body.mode], [true, 'enforce']);
  assert.deepEqual(await blocked(edge), [ATTACKER]);
}

for (const release of ['bookworm', 'trixie'] as const) {
  test(`${release}: installed, guarding, upgraded in a trial, removed, purged without a trace`, {
    skip: noBoot(),
  }, async (t) => {
    const debian = await debianRoot(release);
    const why = 'why' in debian ? debian.why : tooNew(release);
    if ('why' in debian || why !== undefined) return t.skip(why);
    await using edge = await PackagedEdge.open(debian.root);
    await edge.sh('install --owner=root --group=adm --mode=640 /dev/null /var/log/auth.log');
    const [disk, users] = [await edge.disk(), await edge.sh('getent passwd; getent group')];

    await installs(edge, release);
    await cuts(edge);
    await upgrades(edge);
    await refusesDowngrade(edge);
    await movesDoors(edge);
    await removes(edge);
    await comesBack(edge);
    await edge.sh('dpkg --purge bartizan 2>&1');

    assert.equal(await edge.answersOutside(), true);
    assert.equal(await edge.sh('nft list ruleset'), '');
    assert.equal(await edge.sh('getent passwd; getent group'), users);
    assert.deepEqual(differences(disk, await edge.disk()), []);
    assert.equal(await edge.sh('ls /run | grep bartizan || true'), '');
  });

  test(`${release}: installed where no service manager runs, as the administrator's preset says`, {
    skip: noBoot(),
  }, async (t) => {
    const debian = await debianRoot(release);
    const why = 'why' in debian ? debian.why : tooNew(release);
    if ('why' in debian || why !== undefined) return t.skip(why);
    const said = await inChroot(
      debian.root,
      first,
      `mkdir -p /etc/systemd/system-preset
       echo 'disable bartizan.service' >/etc/systemd/system-preset/10-site.preset
       dpkg --install /run/brought >&2
       for unit in ${ENABLED.join(' ')}; do systemctl is-enabled $unit || true; done
       getent passwd bartizan | cut -d: -f1
       stat --format '%U %a' /var/lib/bartizan
       dpkg --purge bartizan >&2
       getent passwd bartizan || ls -d /var/lib/bartizan /etc/bartizan 2>/dev/null || echo gone`,
    );
    const states = ENABLED.map((unit) => (unit === 'bartizan.service' ? 'disabled\n' : 'enabled\n'));
    assert.equal(said, `${states.join('')}bartizan\nbartizan 700\ngone\n`);
  });
}
