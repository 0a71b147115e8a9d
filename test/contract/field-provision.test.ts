import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256Hex } from '../../core/base/ids.ts';
import { FieldSite } from '../support/field-site.ts';
import { ROOT } from '../support/root.ts';

const GOOD = 'hostname: edge-7\nfirewall:\n  enabled: false\n';
const SECRET = 'hunter2-hunter2-hunter2-hunter2-hunter2';

interface Volumes {
  /** What is on the volume, by name; the volume is `/volume` of the site. */
  readonly files?: Readonly<Record<string, string>>;
  readonly devices?: readonly string[];
  readonly type?: string;
  readonly takesWrites?: boolean;
}

/** A new appliance with these volumes, whose mounting is played: what is mounted is a link to the volume's folder. */
function site({
  files = { 'bartizan.yaml': GOOD },
  devices = ['/dev/sdb1'],
  type = 'vfat',
  takesWrites = true,
}: Volumes = {}) {
  const made = new FieldSite();
  made.program();
  for (const [name, text] of Object.entries(files)) made.write(`volume/${name}`, text);
  made.tool(
    'blkid',
    `case "$*" in *LABEL=BZCONF*) printf '%s' '${devices.map((one) => `${one}\n`).join('')}' ;; *TYPE*) echo ${type} ;; esac`,
  );
  made.tool(
    'mount',
    `echo "mount $*" >>"$root/calls"
case "$*" in
  *remount,rw*) ${takesWrites ? 'exit 0' : 'exit 32'} ;;
  *remount,ro*) exit 0 ;;
esac
for last; do :; done
rmdir "$last" && ln -s "$root/volume" "$last"`,
  );
  made.tool('umount', 'echo "umount" >>"$root/calls"; rm "$1"');
  made.tool('mountpoint', '[ -L "$2" ]');
  made.tool('udevadm', 'exit 0');
  return made;
}

const provision = (at: FieldSite, env: Readonly<Record<string, string>> = {}) =>
  at.run('provision', [at.state, at.root], { CREDENTIALS_DIRECTORY: '', ...env });

const config = (at: FieldSite): string | undefined =>
  at.has('var/lib/bartizan/bartizan.yaml') ? at.read('var/lib/bartizan/bartizan.yaml') : undefined;

test('a volume is taken once: mounted read-only and without rights, the file renamed, the result written', () => {
  using at = site();
  const { status, stderr } = provision(at);
  assert.deepEqual([status, config(at)], [0, GOOD], stderr);
  assert.match(stderr, /took the config [0-9a-f]{64} of the volume BZCONF/);
  assert.deepEqual(readdirSync(at.path('volume')).sort(), ['bartizan-result.txt', 'bartizan.yaml.used']);
  const result = at.read('volume/bartizan-result.txt');
  assert.match(result, /^Bartizan: taken\nat {9}20.*Z\nserial {5}[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}\n/);
  assert.match(result, new RegExp(`\nconfig {5}${sha256Hex(Buffer.from(GOOD))} `));
  assert.match(result, /\ndevice key SHA256:\S{43}\nCA {9}(?:[0-9A-F]{2}:){31}[0-9A-F]{2} \(SHA-256\)\n$/);
  const calls = at.read('calls').trim().split('\n');
  assert.match(calls[0] ?? '', /^mount -t vfat -o ro,nosuid,nodev,noexec,\S* \/dev\/sdb1 /);
  assert.equal(calls.at(-1), 'umount');
  assert.match(at.read('var/lib/bartizan/provisioned'), /^origin=volume BZCONF$/m);

  assert.deepEqual(remembered(at), { begun: false, used: '' });

  at.write('volume/bartizan.yaml', 'hostname: other\n');
  assert.equal(provision(at).status, 0);
  assert.equal(config(at), GOOD);
  const refused = /^Bartizan: refused\n[\s\S]*it was provisioned already, at 20\S*Z from volume BZCONF/;
  assert.match(at.read('volume/bartizan-result.txt'), refused);
  assert.ok(at.has('volume/bartizan.yaml'));
});

/** What keeps a config from being taken twice. */
const remembered = (at: FieldSite) => ({
  begun: at.has('var/lib/bartizan/provisioning'),
  used: at.has('var/lib/bartizan/ident/used-configs') ? at.read('var/lib/bartizan/ident/used-configs') : '',
});

const SHA = sha256Hex(Buffer.from(GOOD));

test('a volume that cannot be written to is remembered, through a factory reset', () => {
  using at = site({ takesWrites: false });
  assert.equal(provision(at).status, 0);
  assert.deepEqual(remembered(at), { begun: false, used: `${SHA}\n` });
  assert.deepEqual(readdirSync(at.path('volume')), ['bartizan.yaml']);
  factoryReset(at);
  const { stderr } = provision(at);
  assert.equal(config(at), undefined);
  assert.match(stderr, /taken before a factory reset/);
});

/** Of a state whose identity lies on a partition of its own. */
function factoryReset(at: FieldSite): void {
  for (const name of readdirSync(at.path('var/lib/bartizan')))
    if (name !== 'ident') rmSync(at.path(`var/lib/bartizan/${name}`), { recursive: true });
}

/** Kills the program at its nth rename, each of which is a step on disk, and with it the script: the power is gone. */
const CUT_PROGRAM = `import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
let left = Number(process.env.CUT_RENAME);
const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
`;
const RENAMES = 12;
/** Tools of the script, in the order in which it comes to them after the program. */
const CUT_TOOLS = [
  ['mv', 'before'],
  ['mv', 'after'],
  ['date', 'after'],
  ['grep', 'before'],
  ['rm', 'before'],
  ['rm', 'after'],
] as const;

/** Where the power is cut: in the program behind a rename, or in the script around a tool. */
type Cut = { readonly CUT_RENAME: string } | { readonly CUT_TOOL: string };
const CUTS: readonly Cut[] = [
  ...Array.from({ length: RENAMES }, (_, n) => ({ CUT_RENAME: String(n + 1) })),
  ...CUT_TOOLS.map((tool) => ({ CUT_TOOL: tool.join(' ') })),
];

const WITH_ADMIN = `hostname: edge-7\nwebui:\n  auth_token: ${'a'.repeat(64)}\n`;

function cuttable(given: string): FieldSite {
  const at = site({ files: { 'bartizan.yaml': given } });
  at.write('cut.mjs', CUT_PROGRAM);
  const product = `'${process.execPath}' ${process.execArgv.join(' ')} --import '${at.path('cut.mjs')}' '${join(ROOT, 'dist/bundle/main.js')}'`;
  at.program(`shift 2; ${product} "$@"; code=$?; [ $code != 137 ] || kill -9 $PPID; exit $code`);
  for (const name of new Set(CUT_TOOLS.map(([tool]) => tool)))
    at.tool(
      name,
      `[ "$CUT_TOOL" != '${name} before' ] || { kill -9 $PPID; exit 1; }
/usr/bin/${name} "$@"; code=$?
[ "$CUT_TOOL" != '${name} after' ] || kill -9 $PPID
exit $code`,
    );
  return at;
}

/** The script, cut; then what a boot finds: nothing is mounted. */
function cutRun(at: FieldSite, cut: Cut): string {
  const { signal } = provision(at, cut);
  rmSync(at.path('run'), { recursive: true, force: true });
  mkdirSync(at.path('run'));
  return signal ?? 'ended';
}

const newest = (at: FieldSite): string => at.read('volume/bartizan-result.txt').split('\n', 1)[0] ?? '';

test('wherever the power is cut, the next start with the same volume ends what was begun, once', {
  timeout: 300_000,
}, () => {
  let cuts = 0;
  for (const cut of CUTS) {
    using at = cuttable(WITH_ADMIN);
    if (cutRun(at, cut) === 'SIGKILL') cuts++;
    const mark = at.has('var/lib/bartizan/provisioned') ? at.read('var/lib/bartizan/provisioned') : undefined;
    const { status, stderr } = provision(at);
    const where = `${JSON.stringify(cut)}: ${stderr}`;
    assert.deepEqual([status, config(at), newest(at)], [0, WITH_ADMIN, 'Bartizan: taken'], where);
    if (mark !== undefined) assert.equal(at.read('var/lib/bartizan/provisioned'), mark, where);
    assert.deepEqual(remembered(at), { begun: false, used: '' }, where);
    assert.deepEqual(readdirSync(at.path('volume')).sort(), ['bartizan-result.txt', 'bartizan.yaml.used'], where);
  }
  assert.ok(cuts >= CUT_TOOLS.length + 5, `${cuts} cuts`);
});

test('after a cut and a factory reset what was in place is not taken a second time', () => {
  using at = cuttable(WITH_ADMIN);
  assert.equal(cutRun(at, { CUT_TOOL: 'mv before' }), 'SIGKILL');
  assert.ok(at.has('volume/bartizan.yaml'), 'it was taken and not marked');
  factoryReset(at);
  assert.equal(provision(at).status, 0);
  assert.equal(config(at), undefined);
  assert.match(at.read('volume/bartizan-result.txt'), /^Bartizan: refused\n[\s\S]*taken before a factory reset/);
});

test('after a cut another config is refused where the first is in place', () => {
  using at = cuttable(WITH_ADMIN);
  assert.equal(cutRun(at, { CUT_TOOL: 'mv before' }), 'SIGKILL');
  at.write('volume/bartizan.yaml', GOOD);
  assert.equal(provision(at).status, 0);
  assert.equal(config(at), WITH_ADMIN);
  assert.match(at.read('volume/bartizan-result.txt'), /^Bartizan: refused\n[\s\S]*it was provisioned already/);
});

for (const { what, volumes, says } of [
  {
    what: 'two volumes',
    volumes: { devices: ['/dev/sdb1', '/dev/sdc1'] },
    says: /2 volumes labelled BZCONF \(\/dev\/sdb1 \/dev\/sdc1\)/,
  },
  { what: 'a volume of another kind', volumes: { type: 'ext4' }, says: /not a FAT volume/ },
  {
    what: 'a file that is too large',
    volumes: { files: { 'bartizan.yaml': 'x'.repeat(1048577) } },
    says: /more than 1048576 bytes/,
  },
  {
    what: 'a config that is wrong',
    volumes: { files: { 'bartizan.yaml': 'firewal: 1\n' } },
    says: /bartizan\.yaml:1:1: firewal/,
  },
])
  test(`${what}: nothing is taken, and somebody has to see to it`, () => {
    using at = site(volumes);
    const { status, stderr } = provision(at);
    assert.equal(status, 1);
    assert.match(stderr, says);
    assert.deepEqual(readdirSync(at.path('var/lib/bartizan')), []);
    if (at.has('calls')) assert.match(at.read('volume/bartizan-result.txt'), says);
    assert.equal(at.has('volume/bartizan.yaml'), true);
  });

test('a file that is none is not read', () => {
  using at = site({ files: {} });
  at.write('secret', 'hostname: stolen\n');
  at.write('volume/x', '');
  symlinkSync(at.path('secret'), at.path('volume/bartizan.yaml'));
  const { status, stderr } = provision(at);
  assert.equal(status, 1);
  assert.match(stderr, /not a regular file/);
  assert.equal(config(at), undefined);
});

test('a volume without a config, and no volume at all, are nothing to complain of', () => {
  for (const volumes of [{ files: { 'bartizan.yaml.used': GOOD } }, { devices: [] }]) {
    using at = site(volumes);
    assert.equal(provision(at).status, 0);
    assert.equal(config(at), undefined);
  }
});

test('a secret is told nowhere', () => {
  using at = site({
    files: { 'bartizan.yaml': `webui:\n  tokens:\n    - { name: a, scope: admn, token: ${SECRET} }\n` },
  });
  const { status, stderr } = provision(at);
  assert.equal(status, 1);
  assert.match(stderr, /scope/);
  assert.doesNotMatch(stderr + at.read('volume/bartizan-result.txt'), /hunter2/);
});

test('what somebody administers already says so on the volume, and is well', () => {
  using at = site();
  at.write('var/lib/bartizan/bartizan.yaml', `webui:\n  auth_token: ${'a'.repeat(64)}\n`);
  chmodSync(at.path('var/lib/bartizan/bartizan.yaml'), 0o600);
  const { status } = provision(at);
  assert.equal(status, 0);
  assert.match(at.read('volume/bartizan-result.txt'), /^Bartizan: refused\n[\s\S]*somebody administers it already/);
  assert.ok(at.has('volume/bartizan.yaml'));
});

test('a credential is taken where there is no volume, and remembered', () => {
  using at = site({ devices: [] });
  at.write('credentials/bartizan.config', GOOD);
  const env = { CREDENTIALS_DIRECTORY: at.path('credentials') };
  assert.equal(provision(at, env).status, 0);
  assert.equal(config(at), GOOD);
  const used = at.read('var/lib/bartizan/ident/used-configs');
  assert.equal(used, `${sha256Hex(Buffer.from(GOOD))}\n`);
  for (const name of ['provisioned', 'bartizan.yaml']) execFileSync('rm', [at.path(`var/lib/bartizan/${name}`)]);
  const { status, stderr } = provision(at, env);
  assert.deepEqual([status, config(at)], [0, undefined]);
  assert.match(stderr, /taken before a factory reset/);
});
