import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainFolder } from '../../actors/firewall/index.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bz-plain-'));
});
after(() => rm(directory, { recursive: true }));

test('a file is replaced, appended to and removed; nobody else may read it', async () => {
  const path = join(directory, 'firewall');
  const folder = plainFolder(path);
  await folder.remove('blocks');
  await folder.replace('blocks', ['a\n', 'b\n']);
  await folder.append('blocks', 'c\n');
  assert.equal(await readFile(join(path, 'blocks'), 'utf8'), 'a\nb\nc\n');
  await folder.replace('blocks', []);
  assert.equal(await readFile(join(path, 'blocks'), 'utf8'), '');
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, 'blocks'))).mode & 0o777, 0o600);
  await folder.remove('blocks');
  await folder.remove('blocks');
  assert.deepEqual(await readdir(path), []);
});

test('what fails on the way leaves the file as it was', async () => {
  const path = join(directory, 'failing');
  const folder = plainFolder(path);
  await folder.replace('blocks', ['whole\n']);
  const pieces = function* (): Generator<string> {
    yield 'half';
    throw new Error('planned');
  };
  await assert.rejects(folder.replace('blocks', pieces()), /planned/);
  assert.equal(await readFile(join(path, 'blocks'), 'utf8'), 'whole\n');
  await folder.replace('blocks', ['next\n']);
  assert.equal(await readFile(join(path, 'blocks'), 'utf8'), 'next\n');
});

test('a folder that cannot be made, and a file that is a folder, are refused', async () => {
  await writeFile(join(directory, 'file'), '');
  await assert.rejects(plainFolder(join(directory, 'file')).replace('blocks', []), /ENOTDIR|EEXIST/);
  const path = join(directory, 'odd');
  await mkdir(join(path, 'blocks'), { recursive: true });
  await chmod(path, 0o700);
  await assert.rejects(plainFolder(path).append('blocks', 'x'), /EISDIR/);
});
