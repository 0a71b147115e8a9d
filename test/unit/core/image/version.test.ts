import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '../../../../core/image/version.ts';

const RISING = [
  '0.9.9',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0~rc1',
  '1.0.0',
  '1.0.1',
  '1.10.0',
  '2',
];

test('versions are in the order of their releases', () => {
  for (const [i, a] of RISING.entries())
    for (const [j, b] of RISING.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
});
test('build metadata does not count', () => assert.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0));
