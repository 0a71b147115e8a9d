import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarlyOrders } from '../../../../actors/controller-link/orders/early.ts';

test('orders of unknown keys are kept once each, the last of them, and given out once', () => {
  const early = new EarlyOrders();
  for (let i = 0; i < 200; i++) early.put(Uint8Array.of(i));
  early.put(Uint8Array.of(199));
  assert.deepEqual(
    early.take().map(([first]) => first),
    Array.from({ length: 64 }, (_, i) => 136 + i),
  );
  assert.deepEqual(early.take(), []);
});

test('however long they are, they take a mebibyte together and the last one is among them', () => {
  const early = new EarlyOrders();
  for (let i = 0; i < 10; i++) early.put(new Uint8Array(300_000).fill(i));
  assert.deepEqual(
    early.take().map(([first]) => first),
    [7, 8, 9],
  );
});
