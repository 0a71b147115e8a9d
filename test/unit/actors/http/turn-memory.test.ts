import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooledRandom } from '../../../../actors/http/pooled-random.ts';
import { turnMemory } from '../../../../actors/http/turn-memory.ts';
import { settled } from '../../../support/settled.ts';

test('what was found is found again until the turn ends, what was not is looked for each time', async () => {
  const asked: string[] = [];
  const find = turnMemory((key) => {
    asked.push(key);
    return key === 'none' ? undefined : asked.length;
  });
  assert.deepEqual([find('a'), find('a'), find('b'), find('none'), find('none')], [1, 1, 2, undefined, undefined]);
  await settled();
  assert.deepEqual([find('a'), asked], [5, ['a', 'b', 'none', 'none', 'a']]);
});

test('pooled numbers come from the source, each once', () => {
  let next = 0;
  const random = pooledRandom({ bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff) });
  const taken = [random.bytes(3), random.bytes(4000), random.bytes(100), random.bytes(5000), random.bytes(1)];
  assert.deepEqual(
    taken.map((bytes) => [bytes.length, bytes[0]]),
    [
      [3, 0],
      [4000, 3],
      [100, 4096 & 0xff],
      [5000, (2 * 4096) & 0xff],
      [1, (2 * 4096 + 5000) & 0xff],
    ],
  );
});
