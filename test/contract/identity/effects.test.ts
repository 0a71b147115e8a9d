import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemEffects } from '../../../actors/identity/effects.ts';
import { writeWhole } from '../../../actors/identity/files.ts';

const { files, readSecret } = systemEffects;
let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-files-'));
});
after(() => rm(root, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('a directory is made with its parents, and an open one is closed', async () => {
  const path = join(root, 'a', 'b');
  await files.makeDirectory(path, 0o700);
  assert.equal(await modeOf(path), 0o700);
  await chmod(path, 0o755);
  await files.makeDirectory(path, 0o700);
  assert.equal(await modeOf(path), 0o700);
});

test('a file is replaced whole, whatever an earlier crash left', async () => {
  const directory = join(root, 'whole');
  await mkdir(directory);
  await writeFile(join(directory, 'x.tmp'), 'half', { mode: 0o666 });
  for (const text of ['one', 'two']) {
    await writeWhole(files, directory, 'x', { text, mode: 0o600 });
    assert.equal(await files.read(join(directory, 'x')), text);
  }
  assert.equal(await modeOf(join(directory, 'x')), 0o600);
  assert.deepEqual(await readdir(directory), ['x']);
});

test('absent is undefined; what is too large or no file rejects', async () => {
  assert.equal(await files.read(join(root, 'absent')), undefined);
  await writeFile(join(root, 'large'), 'x'.repeat(65_537));
  await assert.rejects(files.read(join(root, 'large')), /larger than 65536/);
  await assert.rejects(files.read(root), /EISDIR/);
});

for (const { mode, readable } of [
  { mode: 0o600, readable: true },
  { mode: 0o400, readable: true },
  { mode: 0o640, readable: false },
  { mode: 0o604, readable: false },
  { mode: 0o620, readable: false },
])
  test(`a secret with mode ${mode.toString(8)} is ${readable ? 'read, its first line' : 'refused'}`, async () => {
    const path = join(root, `secret-${mode}`);
    await writeFile(path, 'the-secret-itself\r\na second line\n');
    await chmod(path, mode);
    const secret = await readSecret(path);
    if (readable) assert.deepEqual(secret, { ok: true, value: 'the-secret-itself' });
    else assert.match(secret.ok ? '' : secret.public, new RegExp(`has mode 0${mode.toString(8)}: only its owner`));
  });

test('a secret that is absent, a directory, a device or too large is refused with the reason', async () => {
  await writeFile(join(root, 'long'), 'x'.repeat(5000), { mode: 0o600 });
  for (const [path, why] of [
    [join(root, 'absent'), /cannot be read: ENOENT/],
    [root, /not a regular file/],
    ['/dev/zero', /not a regular file/],
    [join(root, 'long'), /larger than 4096/],
  ] as const) {
    const secret = await readSecret(path);
    assert.match(secret.ok ? '' : secret.public, why);
  }
});

test('the addresses of this host include loopback', () =>
  assert.ok(systemEffects.hostAddresses().includes('127.0.0.1')));
