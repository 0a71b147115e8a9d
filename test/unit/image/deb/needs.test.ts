import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dependenciesOf, needsOf } from '../../../../image/deb/needs.ts';

const SHOWN = `
native/glibc/engine.node:     file format elf64-x86-64

Dynamic Section:
  NEEDED               libstdc++.so.6
  NEEDED               libm.so.6
  NEEDED               libc.so.6
  SONAME               engine.node

Version References:
  required from libstdc++.so.6:
    0x0297f859 0x00 05 GLIBCXX_3.4.29
    0x0297f868 0x00 04 GLIBCXX_3.4.9
  required from libc.so.6:
    0x069691b8 0x02 20 GLIBC_2.38
    0x069691b6 0x00 03 GLIBC_2.36
    0x09691a75 0x00 02 GLIBC_2.2.5
`;

test('libraries and symbol versions are read; those marked weak may be missing', () => {
  assert.deepEqual(needsOf(SHOWN), {
    libraries: ['libstdc++.so.6', 'libm.so.6', 'libc.so.6'],
    versions: ['GLIBCXX_3.4.29', 'GLIBCXX_3.4.9', 'GLIBC_2.36', 'GLIBC_2.2.5'],
  });
});

test('the newest version that anything wants is the least that will do', () => {
  const other = { libraries: ['libc.so.6', 'libgcc_s.so.1'], versions: ['GLIBC_2.4'] };
  assert.deepEqual(dependenciesOf([needsOf(SHOWN), other]), ['libc6 (>= 2.36)', 'libgcc-s1', 'libstdc++6 (>= 11)']);
});

for (const [symbol, gcc] of [
  ['3.4.21', '5'],
  ['3.4.27', '11'],
  ['3.4.30', '12'],
  ['3.4.32', '14'],
] as const)
  test(`GLIBCXX_${symbol} is in libstdc++6 ${gcc}`, () => {
    const needs = { libraries: ['libstdc++.so.6'], versions: [`GLIBCXX_${symbol}`] };
    assert.deepEqual(dependenciesOf([needs]), [`libstdc++6 (>= ${gcc})`]);
  });

test('what nobody knows the package of is not passed over', () => {
  assert.throws(() => dependenciesOf([{ libraries: ['libz.so.1'], versions: [] }]), /libz\.so\.1/);
  assert.throws(() => dependenciesOf([{ libraries: ['libstdc++.so.6'], versions: ['GLIBCXX_3.4.99'] }]), /3\.4\.99/);
});
