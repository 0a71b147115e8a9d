import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyIdOf, keyOf, keySetTrouble, mayRotate, ringOf, sameKeys } from '../../../../core/link/keys.ts';
import { setOf, testKey } from '../../../support/link-orders.ts';

const [all, blocks] = [testKey('all'), testKey('blocks', ['block'])];

test('a key is named by the first 8 bytes of the SHA-256 of its public key', () => {
  assert.equal(keyIdOf(all.publicKey), all.keyId);
  assert.match(all.keyId, /^[0-9a-f]{16}$/);
  assert.equal(keyOf(setOf(blocks, all), all.keyId), all.key);
  assert.equal(keyOf(setOf(blocks), all.keyId), undefined);
});

test('a ring has a key that may order keys, each key once, and at most 16', () => {
  assert.deepEqual(ringOf(setOf(all, blocks), 3), {
    ok: true,
    value: { generation: 3, keys: [all.key, blocks.key] },
  });
  assert.match(keySetTrouble(setOf(blocks)) ?? '', /may order keys/);
  assert.match(
    keySetTrouble(setOf(all, { ...all, key: { ...all.key, name: 'again' } })) ?? '',
    /"again" is in the set twice/,
  );
  const many = Array.from({ length: 17 }, (_, i) => testKey(`key ${i}`));
  assert.match(keySetTrouble(setOf(...many)) ?? '', /at most 16/);
  assert.equal(keySetTrouble(setOf(...many.slice(1))), undefined);
});

for (const [believed, renewed, may] of [
  [[all], [all], true],
  [[blocks, all], [blocks, all], true],
  [[blocks], [all], false],
  [[all], [blocks], false],
  [[all], [], false],
  [[], [all], false],
] as const) {
  const names = (keys: readonly { readonly key: { readonly name: string } }[]) =>
    keys.map(({ key }) => key.name).join('+');
  test(`keys signed by ${names(believed) || 'nobody'} believed and ${names(renewed) || 'nobody'} new are ${may ? '' : 'not '}taken`, () => {
    assert.equal(
      mayRotate(
        believed.map(({ key }) => key),
        renewed.map(({ key }) => key),
      ),
      may,
    );
  });
}

test('sets are the same in whatever order', () => {
  assert.ok(sameKeys(setOf(all, blocks), setOf(blocks, all)));
  assert.ok(!sameKeys(setOf(all), setOf(all, blocks)));
  assert.ok(!sameKeys(setOf(all), setOf(testKey('all', ['keys', 'block']))));
});
