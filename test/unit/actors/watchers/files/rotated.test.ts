import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareGenerations, readRotatedName, rotatedFrom } from '../../../../../actors/watchers/files/rotated.ts';

for (const [name, base, generation, compressed = false] of [
  ['auth.log.1', 'auth.log', 1],
  ['auth.log.0', 'auth.log', 0],
  ['auth.log.12.gz', 'auth.log', 12, true],
  ['auth.log.old', 'auth.log', 1],
  ['auth.log-20260131', 'auth.log', '20260131000000'],
  ['auth.log-20260131.xz', 'auth.log', '20260131000000', true],
  ['auth.log-2026013123', 'auth.log', '20260131230000'],
  ['auth.log-2026-01-31', 'auth.log', '20260131000000'],
  ['auth.log.2026-01-31_23-59-58', 'auth.log', '20260131235958'],
  ['auth.log-1767225600', 'auth.log', '17672256000000'],
  ['auth-20260131.log', 'auth.log', '20260131000000'],
  ['auth.2.log', 'auth.log', 2],
  ['auth.2.log.zst', 'auth.log', 2, true],
] as [string, string, number | string, boolean?][]) {
  test(`${name} is a rotated ${base}`, () => {
    const rotated = rotatedFrom(base, name);
    assert.ok(rotated !== undefined);
    const { generation: found } = rotated;
    assert.equal(found.kind === 'number' ? found.number : found.stamp, generation);
    assert.equal(rotated.compressed, compressed);
  });
}

for (const name of ['auth.log', 'auth.log.gz', 'auth.logs.1', 'auth.log.1.2x', 'auth.log.', 'auth.log.123456']) {
  test(`${name} is no rotated auth.log`, () => assert.equal(rotatedFrom('auth.log', name), undefined));
}

test('a name of nothing but dots and digits is read without complaint', () => {
  for (const name of ['.', '..', '1', '.1', '1.1', '-20260131', `${'a.1'.repeat(80)}.log`]) readRotatedName(name);
});

for (const { younger, older } of [
  { younger: 'a.1', older: 'a.2' },
  { younger: 'a.9', older: 'a.10' },
  { younger: 'a-20260201', older: 'a-20260131' },
  { younger: 'a-2026013101', older: 'a-20260131' },
]) {
  test(`${younger} is younger than ${older}`, () => {
    const [a, b] = [younger, older].map((name) => rotatedFrom('a', name)?.generation);
    assert.ok(a !== undefined && b !== undefined);
    assert.ok(compareGenerations(a, b) > 0 && compareGenerations(b, a) < 0);
  });
}

test('a number and a date do not say which is younger', () => {
  const [a, b] = ['a.1', 'a-20260131'].map((name) => rotatedFrom('a', name)?.generation);
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(compareGenerations(a, b), 0);
});
