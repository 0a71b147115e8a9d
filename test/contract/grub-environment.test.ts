import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { environmentBlock } from '../../image/boot/grub-config.ts';
import { ROOT } from '../support/root.ts';

const OURS = join(ROOT, 'image/boot/grub-editenv');
let place = '';
let file = '';

const ours = (...words: readonly string[]): string => execFileSync('sh', [OURS, file, ...words]).toString();
/** GRUB's own program, as the judge of what we write. */
const grubs = (...words: readonly string[]): string => execFileSync('grub-editenv', [file, ...words]).toString();
const refused = (...words: readonly string[]): string => {
  const { status, stderr } = spawnSync('sh', [OURS, file, ...words]);
  assert.equal(status, 1);
  return stderr.toString();
};

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'grub-environment-'));
  file = join(place, 'grubenv');
  for (const path of [file, `${file}.bak`]) writeFileSync(path, environmentBlock());
});
afterEach(() => rmSync(place, { recursive: true }));

test('what RAUC sets is what GRUB reads, in the file and in its copy', () => {
  ours('set', 'B_OK=1', 'B_TRY=0', 'ORDER=B A');
  assert.deepEqual(grubs('list').trim().split('\n').sort(), [
    'A_OK=1',
    'A_TRY=0',
    'B_OK=1',
    'B_TRY=0',
    'ORDER=B A',
    'RECOVERY=',
    'STAMP=',
  ]);
  assert.equal(readFileSync(file, 'utf8'), readFileSync(`${file}.bak`, 'utf8'));
});

test('what GRUB writes is what we list', () => {
  grubs('set', 'A_TRY=2');
  assert.equal(ours('list'), grubs('list'));
  ours('unset', 'STAMP', 'RECOVERY');
  assert.equal(ours('list'), grubs('list'));
});

test('the file is written where it is: same inode, same size, nothing beside it', () => {
  const { ino } = statSync(file);
  ours('set', 'A_TRY=1');
  assert.equal(statSync(file).ino, ino);
  assert.equal(statSync(file).size, 1024);
});

test('a damaged file is read from its copy and mended by the next change', () => {
  ours('set', 'A_TRY=1');
  writeFileSync(file, Buffer.alloc(1024, 1));
  assert.match(ours('list'), /^A_TRY=1$/m);
  ours('set', 'A_TRY=0');
  assert.match(grubs('list'), /^A_TRY=0$/m);
});

test('a file of another size is made anew; without both, what is set is all there is', () => {
  truncateSync(file, 0);
  ours('set', 'A_TRY=3');
  assert.match(grubs('list'), /^A_TRY=3$/m);
  rmSync(file);
  rmSync(`${file}.bak`);
  refused('list');
  ours('set', 'A_OK=1');
  assert.equal(grubs('list'), 'A_OK=1\n');
});

for (const words of [
  ['set', 'A_OK'],
  ['set', 'A B=1'],
  ['set', 'A=$(x)'],
  ['set', 'A=1\nB=2'],
  ['set', `A=${'x'.repeat(500)}`],
  ['sing'],
])
  test(`refused: ${JSON.stringify(words).slice(0, 40)}`, () => {
    const before = readFileSync(file);
    assert.notEqual(refused(...words), '');
    assert.deepEqual(readFileSync(file), before);
  });
