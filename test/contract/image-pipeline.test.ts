import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findAuthority, signFile, verifyFile } from '../../image/bundle/authority.ts';
import { run } from '../../image/programs.ts';
import { fetchPinned } from '../../image/rootfs/archive.ts';
import { fileOf, type Pin } from '../../image/rootfs/lock.ts';
import { dropSetuid, prune, removePackages } from '../../image/rootfs/prune.ts';
import { squash } from '../../image/rootfs/squash.ts';
import { ROOT } from '../support/root.ts';

const LAB = join(ROOT, 'image/lab-ca');
const lacking = (...files: readonly string[]): string | false => {
  const missing = files.filter((file) => !existsSync(file));
  return missing.length > 0 && `missing: ${missing.join(', ')} (profile image of image/provision/packages)`;
};

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-image-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

test('a root gives the same bytes whenever and wherever its files were written; verity finds a changed one', {
  skip: lacking('/usr/bin/mksquashfs', '/usr/sbin/veritysetup'),
}, async (t) => {
  const folder = folderOf(t);
  const files = { 'etc/hosts': '::1 localhost\n', 'usr/bin/a': 'a'.repeat(300_000), 'usr/share/left-out': 'x' };
  write(join(folder, 'one'), files);
  write(join(folder, 'two'), Object.fromEntries(Object.entries(files).reverse()));
  for (const name of ['one', 'two']) symlinkSync('hosts', join(folder, name, 'etc/link'));
  utimesSync(join(folder, 'two/etc/hosts'), 1, 1);
  const options = { version: '1.0.0', epoch: 1_700_000_000, level: 3, without: ['usr/share/left-out'] };
  const made = ['one', 'two'].map((name) => join(folder, `${name}.img`)) as [string, string];
  const [first, second] = [
    await squash(join(folder, 'one'), made[0], options),
    await squash(join(folder, 'two'), made[1], options),
  ];
  assert.deepEqual(second, first);
  assert.ok(readFileSync(made[0]).equals(readFileSync(made[1])));
  assert.equal(first.hashOffset, first.blocks * 4096);

  const verify = (image: string): Promise<string> =>
    run('veritysetup', ['verify', `--hash-offset=${first.hashOffset}`, image, image, first.rootHash]);
  await verify(made[0]);
  const bytes = readFileSync(made[1]);
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  writeFileSync(made[1], bytes);
  await assert.rejects(verify(made[1]));
});

test("what the lab signs is the lab's, and nobody else's, and not of other bytes", async (t) => {
  const folder = folderOf(t);
  write(folder, { disk: 'the disk', foreign: 'the disk' });
  const signature = join(folder, 'disk.sig');
  const lab = await findAuthority(LAB, {});
  assert.equal(lab.isLab, true);
  await signFile(join(folder, 'disk'), signature, lab);
  await verifyFile(join(folder, 'disk'), signature, lab.ca);
  writeFileSync(join(folder, 'disk'), 'the Disk');
  await assert.rejects(verifyFile(join(folder, 'disk'), signature, lab.ca));

  await run('sh', [join(LAB, 'make'), join(folder, 'other'), 'Other']);
  const other = await findAuthority(LAB, { BARTIZAN_SIGNING_CA: join(folder, 'other') });
  assert.equal(other.isLab, false);
  const last = await findAuthority(LAB, { BARTIZAN_TRUSTED_CA: other.ca });
  assert.deepEqual([last.ca, last.trusted, last.isLab], [lab.ca, other.ca, false]);
  await signFile(join(folder, 'foreign'), signature, other);
  await verifyFile(join(folder, 'foreign'), signature, other.ca);
  await assert.rejects(verifyFile(join(folder, 'foreign'), signature, lab.ca));
});

test('an authority that appliances would not believe is refused before anything is built', async (t) => {
  const folder = folderOf(t);
  const given = (env: NodeJS.ProcessEnv) => findAuthority(LAB, { BARTIZAN_SIGNING_CA: folder, ...env });
  await assert.rejects(given({}), /has no .*ca\.pem/);
  cpSync(LAB, folder, { recursive: true });
  await assert.rejects(given({ BARTIZAN_SIGNING_KEY: '/some/file' }), /no pkcs11: address/);
  assert.equal((await given({ BARTIZAN_SIGNING_KEY: 'pkcs11:token=x' })).key, 'pkcs11:token=x');
  cpSync(join(folder, 'ca.pem'), join(folder, 'signing.pem'));
  await assert.rejects(given({}), /not for signing code/);
  await run('sh', [join(LAB, 'make'), join(folder, 'other'), 'Other']);
  cpSync(join(folder, 'other/signing.pem'), join(folder, 'signing.pem'));
  await assert.rejects(given({}), /verify/);
});

const pin = (name: string, text: string, changes: Partial<Pin> = {}): Pin => ({
  ...{ name, version: '1.0-1', architecture: 'all', role: 'keep', archive: 'main' },
  ...{ sha256: sha256(text), size: text.length, path: `pool/main/${name}.deb` },
  ...changes,
});

test('pinned packages are fetched once, checked, and asked for no more', {
  skip: lacking('/usr/lib/apt/apt-helper'),
}, async (t) => {
  const folder = folderOf(t);
  const [pool, cache] = [join(folder, 'mirror'), join(folder, 'cache')];
  const pins = [pin('aa', 'package a'), pin('bb', 'package b')];
  write(pool, { 'pool/main/aa.deb': 'package a', 'pool/main/bb.deb': 'package b' });
  const mirror = { main: `copy:${pool}`, security: `copy:${pool}` };
  await fetchPinned(cache, pins, async () => mirror);
  assert.deepEqual(readdirSync(cache).toSorted(), pins.map(fileOf).toSorted());
  await fetchPinned(cache, pins, () => assert.fail('nothing is missing'));
});

test('a mirror that has moved on, or lies, is told with the way out, and its bytes are not kept', {
  skip: lacking('/usr/lib/apt/apt-helper'),
}, async (t) => {
  const folder = folderOf(t);
  const [pool, cache] = [join(folder, 'mirror'), join(folder, 'cache')];
  write(pool, { 'pool/main/there.deb': 'as pinned', 'pool/main/forged.deb': 'not so' });
  const mirror = { main: `copy:${pool}`, security: `copy:${pool}` };
  const pins = [pin('there', 'as pinned'), pin('forged', 'honest'), pin('gone', 'x')];
  await assert.rejects(
    fetchPinned(cache, pins, async () => mirror),
    (thrown: Error) =>
      /forged 1\.0-1, gone 1\.0-1/.test(thrown.message) && /npm run image -- lock/.test(thrown.message),
  );
  assert.ok(!existsSync(join(cache, fileOf(pin('forged', 'honest')))));
  write(cache, { [fileOf(pin('there', 'as pinned'))]: 'damaged since' });
  await fetchPinned(cache, [pin('there', 'as pinned')], async () => mirror);
  assert.equal(readFileSync(join(cache, fileOf(pin('there', 'as pinned'))), 'utf8'), 'as pinned');
});

test('of a package that was only needed for the installation, what others have too stays', (t) => {
  const root = folderOf(t);
  const info = 'var/lib/dpkg/info';
  write(root, {
    [`${info}/tool.list`]: '/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/share\n/usr/share/tool\n/usr/share/tool/data\n',
    [`${info}/kept:amd64.list`]: '/.\n/usr\n/usr/bin\n/usr/bin/kept\n',
    'usr/bin/tool': '',
    'usr/bin/kept': '',
    'usr/share/tool/data': '',
  });
  removePackages(root, [pin('tool', '', { role: 'build' }), pin('kept', '', { architecture: 'amd64' })]);
  assert.deepEqual(readdirSync(join(root, 'usr/bin')), ['kept']);
  assert.ok(!existsSync(join(root, 'usr/share')));
});

test('pruning tells what it did not find; no file gives rights to who runs it', (t) => {
  const root = folderOf(t);
  write(root, { 'usr/share/man/man1/a': '', 'usr/bin/mount': '', 'etc/a-': '' });
  chmodSync(join(root, 'usr/bin/mount'), 0o4755);
  assert.deepEqual(prune(root, ['usr/share/man', 'etc/*-', 'usr/share/info']), ['usr/share/info']);
  dropSetuid(root);
  assert.equal(statSync(join(root, 'usr/bin/mount')).mode & 0o7777, 0o755);
  assert.deepEqual(readdirSync(join(root, 'usr/share')), []);
  assert.deepEqual(readdirSync(join(root, 'etc')), []);
});
