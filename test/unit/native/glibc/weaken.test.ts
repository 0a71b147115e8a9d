import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weakenVersion } from '../../../../native/glibc/weaken.ts';
import { fc } from '../../../support/random.ts';

const NEEDS = 0x100;
const STRINGS = 0x200;
const SECTIONS = 0x300;

/** An ELF file of nothing but a section of wanted versions: of two libraries, one after the other. */
function elf(...libraries: readonly (readonly string[])[]): Buffer {
  const file = Buffer.alloc(0x400);
  file.writeUInt32BE(0x7f454c46, 0);
  file[4] = 2;
  file.writeBigUInt64LE(BigInt(SECTIONS), 0x28);
  file.writeUInt16LE(0x40, 0x3a);
  file.writeUInt16LE(2, 0x3c);
  file.writeUInt32LE(3, SECTIONS + 4);
  file.writeBigUInt64LE(BigInt(STRINGS), SECTIONS + 0x18);
  file.writeUInt32LE(0x6ffffffe, SECTIONS + 0x40 + 4);
  file.writeBigUInt64LE(BigInt(NEEDS), SECTIONS + 0x40 + 0x18);
  file.writeUInt32LE(0, SECTIONS + 0x40 + 0x28);
  let at = NEEDS;
  let text = 1;
  for (const [i, versions] of libraries.entries()) {
    const size = 16 + 16 * versions.length;
    file.writeUInt32LE(16, at + 8);
    file.writeUInt32LE(i + 1 < libraries.length ? size : 0, at + 12);
    for (const [j, version] of versions.entries()) {
      const entry = at + 16 + 16 * j;
      file.writeUInt32LE(text, entry + 8);
      file.writeUInt32LE(j + 1 < versions.length ? 16 : 0, entry + 12);
      text += file.write(`${version}\0`, STRINGS + text, 'latin1');
    }
    at += size;
  }
  return file;
}

test('one version of several is marked weak, by one bit', () => {
  const file = elf(['GLIBC_2.3'], ['GLIBC_2.3', 'GLIBC_2.38', 'GLIBC_2.4']);
  const weakened = weakenVersion(file, 'GLIBC_2.38');
  assert.ok(weakened.ok);
  const changed = [...file.keys()].filter((i) => file[i] !== weakened.value[i]);
  const flags = NEEDS + 32 + 16 + 16 + 4;
  assert.deepEqual([changed, weakened.value[flags]], [[flags], 2]);
});

test('a version that begins like another is another', () => {
  const refused = weakenVersion(elf(['GLIBC_2.3', 'GLIBC_2.381']), 'GLIBC_2.38');
  assert.equal(!refused.ok && refused.code, 'not_wanted');
});

test('what is no such file is refused', () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('#!/bin/sh\n'),
    Buffer.alloc(0x400),
    elf(['A']).subarray(0, 0x120),
  ]) {
    const refused = weakenVersion(bytes, 'A');
    assert.equal(!refused.ok && refused.code, 'not_elf');
  }
});

test('damage anywhere ends in a file or a refusal', () => {
  fc.assert(
    fc.property(fc.nat(0x3ff), fc.nat(255), fc.nat(0x400), (at, byte, length) => {
      const file = elf(['GLIBC_2.3'], ['GLIBC_2.38']);
      file[at] = byte;
      const { ok } = weakenVersion(file.subarray(0, length), 'GLIBC_2.38');
      assert.equal(typeof ok, 'boolean');
    }),
  );
});
