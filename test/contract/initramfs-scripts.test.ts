import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { layoutScript } from '../../image/boot/initramfs.ts';
import { guidOnDisk } from '../../image/boot/partition-table.ts';
import { DISK_GUID, PARTITIONS } from '../../image/layout.ts';
import { ROOT } from '../support/root.ts';

const SCRIPTS = join(ROOT, 'image/boot');
const MIB_SECTORS = 2048;
let place = '';

const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), content);
};

/** A disk as sysfs shows it, with the head of its table; all of ours by default. */
function addDisk(name: string, { guid = DISK_GUID, without = '', behindMiB = 1 } = {}): void {
  const head = Buffer.alloc(1024);
  head.write(guidOnDisk(guid), 568, 'hex');
  write(`dev/${name}`, head);
  const last = PARTITIONS.at(-1);
  const end = (last?.startMiB ?? 0) + (last?.sizeMiB ?? 0);
  write(`sys/block/${name}/size`, `${(end + behindMiB) * MIB_SECTORS}\n`);
  for (const { name: label, number, startMiB, sizeMiB } of PARTITIONS) {
    if (label === without) continue;
    const folder = `sys/block/${name}/${name}${/\d$/.test(name) ? 'p' : ''}${number}`;
    write(`${folder}/uevent`, `DEVTYPE=partition\nPARTN=${number}\nPARTNAME=${label}\n`);
    write(`${folder}/start`, `${startMiB * MIB_SECTORS}\n`);
    write(`${folder}/size`, `${sizeMiB * MIB_SECTORS}\n`);
  }
}

/** Runs functions of a script in a world of files; programs that are not there are functions given in `words`. */
function sh(script: 'init' | 'recovery', words: string): string {
  const world = ['sys', 'dev', 'proc', 'run'].map((tree) => `${tree}=${join(place, tree)}`).join(' ');
  const prelude = `${world} layout=${join(place, 'layout')} common=${join(SCRIPTS, 'common')}\n. ${join(SCRIPTS, script)}\n`;
  const { stdout, stderr } = spawnSync('sh', ['-c', prelude + words]);
  assert.equal(stderr.toString(), '');
  return stdout.toString().trim();
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'initramfs-'));
  write('layout', layoutScript(0, '1.0.0'));
  write('proc/cmdline', 'quiet bartizan.slot=A bartizan.stamp=7-7 bartizan.slot=B\n');
  write('dev/console', '');
  write('run/bartizan-boot.log', '');
});
afterEach(() => rmSync(place, { recursive: true }));

for (const script of ['init', 'recovery', 'common', 'grub-editenv'])
  test(`${script} is well formed`, () => {
    execFileSync('sh', ['-n', join(SCRIPTS, script)]);
  });

test('of an argument that is given twice the first counts', () => {
  assert.equal(sh('init', 'argument bartizan.slot'), 'A');
  assert.equal(sh('init', 'argument bartizan.none'), '');
});

test('a disk is ours by the GUID of its table and with all partitions', () => {
  addDisk('sda', { guid: '00000000-0000-4000-8000-000000000000' });
  addDisk('sdb', { without: 'ident' });
  addDisk('nvme0n1');
  write('sys/block/sdc/size', '0\n');
  assert.equal(sh('init', 'our_disks'), 'nvme0n1');
  assert.equal(sh('init', 'partition_of nvme0n1 data'), 'nvme0n1p7');
});

for (const { stamped, late, disks, chosen } of [
  { stamped: 'sdb', late: '', disks: 'sda sdb', chosen: 'sdb' },
  { stamped: 'none', late: '', disks: 'sda', chosen: '' },
  { stamped: 'none', late: 'yes', disks: 'sda', chosen: 'sda' },
  { stamped: 'none', late: 'yes', disks: 'sda sdb', chosen: '' },
  { stamped: 'sd?', late: 'yes', disks: 'sda sdb', chosen: '' },
])
  test(`of ${disks}, with the stamp on ${stamped}${late && ', after a while'}: ${chosen || 'none'}`, () =>
    assert.equal(
      sh(
        'init',
        `is_stamped() { case $1 in ${stamped}) ;; *) return 1 ;; esac; }\nlate=${late}; choose_disk ${disks} || true`,
      ),
      chosen,
    ));

test('the links lead to the partitions of the chosen disk', () => {
  addDisk('sda');
  assert.equal(
    sh('init', 'mkdir -p "$links"; disk=sda; make_links; readlink "$links/root-B"'),
    join(place, 'dev/sda5'),
  );
});

for (const { behindMiB, commands } of [
  { behindMiB: 1, commands: [] },
  { behindMiB: 2, commands: [] },
  {
    behindMiB: 3,
    commands: ['sfdisk -q --relocate gpt-bak-std', 'sfdisk -q --wipe never --wipe-partitions never -N 7'],
  },
])
  test(`with ${behindMiB} MiB behind data, its partition ${commands.length > 0 ? 'grows' : 'stays'}`, () => {
    addDisk('sda', { behindMiB });
    sh(
      'init',
      'disk=sda; sfdisk() { echo "sfdisk $*" >>"$run/done"; }; sync() { :; }; grow_partition; touch "$run/done"',
    );
    const done = readFileSync(join(place, 'run/done'), 'utf8').split('\n').filter(Boolean);
    assert.deepEqual(
      done,
      commands.map((command) => `${command} ${join(place, 'dev/sda')}`),
    );
  });

test('nothing of a table is changed when its copy could not be moved', () => {
  addDisk('sda', { behindMiB: 100 });
  const words = 'disk=sda; sfdisk() { echo "$2" >>"$run/done"; return 1; }; sync() { :; }; grow_partition || echo kept';
  sh('init', words);
  assert.equal(readFileSync(join(place, 'run/done'), 'utf8'), '--relocate\n');
});

for (const { unasked, beyond, found } of [
  { unasked: 0, beyond: 8, found: 'clean' },
  { unasked: 1, beyond: 8, found: 'clean' },
  { unasked: 4, beyond: 1, found: 'repaired' },
  { unasked: 8, beyond: 8, found: 'lost' },
  { unasked: 4, beyond: 12, found: 'lost' },
])
  test(`e2fsck -p ends with ${unasked}, e2fsck -y with ${beyond}: ${found}`, () => {
    const e2fsck = `e2fsck() { case $1 in -p) return ${unasked} ;; *) return ${beyond} ;; esac; }`;
    assert.equal(sh('init', `${e2fsck}; check_file_system x; echo $found`), found);
  });

const FLOW = `
check_file_system() { found=$state; }
mount_partition() { echo "mount $1"; }
make_data() { echo make; }
to_recovery() { echo "recovery $1"; exit; }
say() { :; }
umount() { :; }
sync() { :; }
reset_flag=$run/flag
`;
for (const { name, words, does } of [
  { name: 'data in order is mounted', words: 'state=clean', does: ['mount data'] },
  { name: 'data beyond repair is left as it is', words: 'state=lost', does: ['recovery data'] },
  {
    name: 'a reset that was begun is completed, whatever is on data',
    words: 'state=lost; : >"$run/flag"',
    does: ['make', 'mount data', 'gone'],
  },
])
  test(name, () => {
    const said = sh(
      'init',
      `${FLOW}${words}; had=; [ ! -e "$run/flag" ] || had=1; open_data; [ -e "$run/flag" ] || [ -z "$had" ] || echo gone`,
    );
    assert.deepEqual(said.split('\n'), does);
  });

for (const { name, readable, order, given, bad = '', edits } of [
  {
    name: 'both slots get their tries back',
    readable: 'A B',
    order: 'B A',
    given: '',
    edits: 'set ORDER=B A A_OK=1 A_TRY=0 B_OK=1 B_TRY=0 RECOVERY=',
  },
  {
    name: 'a slot that cannot be read gets none',
    readable: 'A',
    order: 'A B',
    given: '',
    edits: 'set ORDER=A B A_OK=1 A_TRY=0 B_OK=0 B_TRY=0 RECOVERY=',
  },
  {
    name: 'a lost order is made anew',
    readable: 'A B',
    order: '',
    given: '',
    edits: 'set ORDER=A B A_OK=1 A_TRY=0 B_OK=1 B_TRY=0 RECOVERY=',
  },
  {
    name: 'a slot that was marked bad gets none, and is not first',
    readable: 'A B',
    order: 'B A',
    given: '',
    bad: 'B',
    edits: 'set ORDER=A B A_OK=1 A_TRY=0 B_OK=0 B_TRY=0 RECOVERY=',
  },
  {
    name: 'one that was marked bad is better than none',
    readable: 'B',
    order: 'A B',
    given: '',
    bad: 'A B',
    edits: 'set ORDER=B A A_OK=0 A_TRY=0 B_OK=1 B_TRY=0 RECOVERY=',
  },
  {
    name: 'one that was just written is none that was marked bad',
    readable: 'A B',
    order: 'A B',
    given: 'B',
    bad: 'A B',
    edits: 'set ORDER=B A A_OK=0 A_TRY=0 B_OK=1 B_TRY=0 RECOVERY=',
  },
  {
    name: 'the slot that was just written is first',
    readable: 'A B',
    order: 'A B',
    given: 'B',
    edits: 'set ORDER=B A A_OK=1 A_TRY=0 B_OK=1 B_TRY=0 RECOVERY=',
  },
])
  test(`recovery: ${name}`, () => {
    const world = `version() { case "${readable}" in *$1*) echo 1 ;; *) return 1 ;; esac; }; environment() { case $1 in ORDER) echo "${order}" ;; *) case "${bad}" in *\${1%_OK}*) echo 0 ;; *) echo 1 ;; esac ;; esac; }; edit_environment() { echo "$*"; }`;
    assert.equal(sh('recovery', `${world}; give_tries_back ${given}`), edits);
  });

test('recovery: bundles are taken of whom the version that was confirmed last trusts', () => {
  write('ca.pem', 'of the image');
  const took = (kept: string | undefined): string => {
    if (kept !== undefined) write('run/of-ident/slots/authority.pem', kept);
    const mount =
      kept === undefined ? 'mount_partition() { return 1; }' : 'mount_partition() { cp -rT "$run/of-ident" "$2"; }';
    return sh(
      'recovery',
      `authority=${join(place, 'ca.pem')}; umount() { :; }; ${mount}; take_authority; cat "$authority"`,
    );
  };
  assert.equal(took(undefined), 'of the image');
  assert.equal(took(''), 'of the image');
  assert.match(took('-----BEGIN CERTIFICATE-----\nnew\n'), /^-----BEGIN CERTIFICATE-----\nnew$/);
});

test('recovery: what was known of the version that is replaced is forgotten, and of no other', () => {
  for (const name of ['confirmed.A', 'confirmed.B', 'reboots.B']) write(`run/ident/slots/${name}`, 'x');
  assert.equal(
    sh('recovery', 'mount_partition() { :; }; umount() { :; }; forget_slot B; ls "$run/ident/slots"'),
    'confirmed.A',
  );
});

test('RAUC forgets what was known of the slots that it is about to write', () => {
  const kept = join(place, 'ident/slots');
  for (const name of ['confirmed.A', 'confirmed.B', 'reboots.B', 'authority.pem']) write(`ident/slots/${name}`, 'x');
  const env = { PATH: process.env['PATH'] ?? '', BARTIZAN_CONFIRM_ROOT: place };
  const does = (more: Readonly<Record<string, string>>): readonly string[] => {
    execFileSync('sh', [join(ROOT, 'systemd/rauc-pre-install')], { env: { ...env, ...more } });
    return readdirSync(kept).sort();
  };
  assert.equal(does({}).length, 4);
  assert.equal(does({ RAUC_TARGET_SLOTS: '$(id) 9' }).length, 4);
  const names = { RAUC_SLOT_BOOTNAME_1: 'A', RAUC_SLOT_BOOTNAME_3: 'B', RAUC_SLOT_BOOTNAME_4: '' };
  assert.deepEqual(does({ ...names, RAUC_TARGET_SLOTS: '3 4' }), ['authority.pem', 'confirmed.A']);
  rmSync(kept, { recursive: true });
  execFileSync('sh', [join(ROOT, 'systemd/rauc-pre-install')], { env: { ...env, RAUC_TARGET_SLOTS: '3' } });
});

for (const { readable, order, slot } of [
  { readable: 'A', order: 'A B', slot: 'B' },
  { readable: 'B', order: 'B A', slot: 'A' },
  { readable: 'A B', order: 'A B', slot: 'B' },
  { readable: 'A B', order: 'B A', slot: 'A' },
])
  test(`recovery: with ${readable} readable and order ${order}, a bundle goes to ${slot}`, () => {
    const world = `version() { case "${readable}" in *$1*) echo 1 ;; *) return 1 ;; esac; }; environment() { echo "${order}"; }`;
    assert.equal(sh('recovery', `${world}; slot_to_write`), slot);
  });

test('recovery: what RAUC tells of a bundle is read, not run', () => {
  write(
    'run/bundle.info',
    "RAUC_MF_COMPATIBLE='bartizan-amd64'\nRAUC_MF_VERSION='1'; reboot'\nRAUC_IMAGE_CLASS_1='rootfs'\n",
  );
  assert.equal(
    sh('recovery', 'value RAUC_MF_COMPATIBLE; value RAUC_MF_VERSION; value RAUC_IMAGE_CLASS_1'),
    'bartizan-amd64\nrootfs',
  );
});
