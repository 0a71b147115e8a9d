import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { sha256Hex } from '../../core/base/ids.ts';
import { FieldSite } from '../support/field-site.ts';

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

  at.write('volume/bartizan.yaml', 'hostname: other\n');
  at.write('calls', '');
  assert.equal(provision(at).status, 0);
  assert.deepEqual([config(at), at.read('calls')], [GOOD, ''], 'nothing is even mounted');
});

test('a volume that cannot be written to is remembered, through a factory reset', () => {
  using at = site({ takesWrites: false });
  at.write('etc/os-release', 'IMAGE_ID=bartizan\nIMAGE_VERSION=1\n');
  at.program('shift 3; cat >/dev/null; echo "sha256  abc"');
  assert.equal(provision(at).status, 0);
  assert.equal(at.read('ident/bartizan/used-configs'), 'abc\n');
  assert.deepEqual(readdirSync(at.path('volume')), ['bartizan.yaml']);
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
