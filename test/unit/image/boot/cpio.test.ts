import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CpioEntry, cpioArchive } from '../../../../image/boot/cpio.ts';
import { withFolders } from '../../../../image/boot/initramfs.ts';
import { fc } from '../../../support/random.ts';

const utf8 = new TextEncoder();
const file = (path: string, text: string): CpioEntry => ({
  kind: 'file',
  path,
  isExecutable: false,
  content: utf8.encode(text),
});

/** Names, modes and contents, read as the kernel reads them. */
function read(archive: Uint8Array): readonly { path: string; mode: number; text: string }[] {
  const bytes = Buffer.from(archive);
  const found = [];
  for (let at = 0; ; ) {
    const number = (index: number): number =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    assert.equal(bytes.toString('latin1', at, at + 6), '070701');
    const [size, nameSize] = [number(6), number(11)];
    const path = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1);
    if (path === 'TRAILER!!!') return found;
    const begin = (at + 110 + nameSize + 3) & ~3;
    found.push({ path, mode: number(1), text: bytes.toString('utf8', begin, begin + size) });
    at = (begin + size + 3) & ~3;
  }
}

test('an archive has every entry with its kind, its mode and its content', () => {
  const archive = cpioArchive(
    [
      { kind: 'folder', path: 'bin' },
      { kind: 'file', path: 'bin/sh', isExecutable: true, content: utf8.encode('#!') },
      { kind: 'link', path: 'etc', to: '/run/etc' },
    ],
    0,
  );
  assert.deepEqual(read(archive), [
    { path: 'bin', mode: 0o040755, text: '' },
    { path: 'bin/sh', mode: 0o100755, text: '#!' },
    { path: 'etc', mode: 0o120777, text: '/run/etc' },
  ]);
});

test('the same entries give the same bytes in whatever order they come', () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}(?:\/[a-z]{1,6}){0,2}$/), { maxLength: 8 }), (paths) => {
      const entries = paths.map((path) => file(path, path));
      assert.deepEqual(cpioArchive(entries, 7), cpioArchive([...entries].reverse(), 7));
    }),
  ));

test('every folder of a path is there before what is in it', () => {
  const paths = read(cpioArchive(withFolders([file('a/b/c', 'x'), file('a-b', 'y')]), 0)).map(({ path }) => path);
  assert.deepEqual(paths, ['a', 'a-b', 'a/b', 'a/b/c']);
});
