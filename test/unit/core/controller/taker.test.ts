import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, plus, seconds } from '../../../../core/base/time.ts';
import { PATIENCE, resumed, type Taken, take, told, wanted } from '../../../../core/controller/taker.ts';
import type { StreamBatch, StreamItem } from '../../../../core/link/stream.ts';
import { numbersOf } from '../../../../core/link/stream.ts';
import { fc } from '../../../support/random.ts';

const NOW = millis(1_800_000_000_000);
const ROOM = 1_000_000;

const item = (number: number): StreamItem => ({
  kind: 'event',
  event: { at: NOW, source: '', program: '', action: '', message: String(number), fields: {}, provenance: '' },
});
const gap = (count: number): StreamItem => ({
  kind: 'gap',
  gap: { count, reason: 'size', oldestAt: millis(0), newestAt: millis(0) },
});
const batch = (first: number, last: number, more: Partial<StreamBatch> = {}): StreamBatch => ({
  epoch: 'a',
  first,
  items: Array.from({ length: last - first + 1 }, (_, i) => item(first + i)),
  replayed: false,
  ...more,
});

/** Takes one after the other. @returns the numbers in the order in which they were taken */
function takeAll(start: Taken | undefined, batches: readonly StreamBatch[], room = ROOM) {
  let state = start;
  let held = 0;
  const numbers: number[] = [];
  for (const one of batches) {
    const taking = take(state, one, 100, room - held);
    state = taking.state;
    held += taking.heldBytes;
    for (const { first, items } of taking.taken) {
      let number = first;
      for (const taken of items) {
        numbers.push(number);
        number += numbersOf(taken);
      }
    }
  }
  return { state: state as Taken, numbers, held };
}

test('what follows is taken once, however often it comes', () => {
  const { numbers } = takeAll(undefined, [batch(1, 2), batch(1, 2), batch(2, 4), batch(3, 4), batch(5, 5)]);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5]);
});

test('the first batch of a stream begins it, unless it was asked for', () => {
  assert.deepEqual(takeAll(undefined, [batch(7, 8)]).numbers, [7, 8]);
  assert.deepEqual(takeAll(undefined, [batch(1, 2, { replayed: true }), batch(7, 8)]).numbers, [7, 8]);
});

test('what comes too early is held until the hole is filled, then taken in order', () => {
  const { numbers, state, held } = takeAll(resumed('a', 2), [
    batch(7, 8),
    batch(5, 6),
    batch(3, 4, { replayed: true }),
  ]);
  assert.deepEqual(numbers, [3, 4, 5, 6, 7, 8]);
  assert.equal(held, 0);
  assert.equal(state.taken, 8);
});

test('a hole is asked for at once, and again only when nothing came for a while', () => {
  const { state } = takeAll(resumed('a', 2), [batch(7, 8)]);
  const asked = wanted(state, NOW);
  assert.deepEqual([asked?.from, asked?.to], [3, 6]);
  const waiting = asked?.state as Taken;
  assert.equal(wanted(waiting, plus(NOW, millis(PATIENCE - 1))), undefined);
  assert.equal(wanted(waiting, plus(NOW, PATIENCE))?.from, 3);
});

test('a gap fills a hole, and is cut where a part of it was taken', () => {
  const { numbers, state } = takeAll(resumed('a', 2), [batch(10, 10), { ...batch(1, 1), first: 1, items: [gap(9)] }]);
  assert.deepEqual(numbers, [3, 10]);
  assert.equal(state.taken, 10);
});

test('a tail that the appliance has sent and nobody took is asked for after a while', () => {
  const state = told(resumed('a', 5), 'a', 9, NOW);
  assert.equal(wanted(state, plus(NOW, seconds(1))), undefined);
  const asked = wanted(state, plus(NOW, PATIENCE));
  assert.deepEqual([asked?.from, asked?.to], [6, 9]);
  assert.equal(told(resumed('a', 5), 'b', 9, NOW).expected, undefined);
});

test('a new numbering begins at 1, and what is late of the one before is passed over', () => {
  const { state, numbers } = takeAll(resumed('a', 5), [
    batch(1, 2, { epoch: 'b' }),
    batch(6, 7),
    batch(3, 3, { epoch: 'b' }),
  ]);
  assert.deepEqual(numbers, [1, 2, 3]);
  assert.deepEqual([state.epoch, state.taken], ['b', 3]);
});

test('what does not fit is dropped and asked for when its turn comes', () => {
  const { state, held } = takeAll(resumed('a', 0), [batch(3, 3), batch(5, 5)], 150);
  assert.equal(held, 100);
  assert.equal(state.held.length, 1);
});

test('whatever order batches come in, with all of them sent again, every number is taken once and in order', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lengths, fc.infiniteStream(fc.nat()), (sizes, keys) => {
      let next = 1;
      const batches = sizes.map((size) => {
        const one = batch(next, next + size - 1);
        next += size;
        return one;
      });
      const shuffled = batches.map((one) => ({ one, key: keys.next().value ?? 0 })).sort((a, b) => a.key - b.key);
      const { numbers } = takeAll(resumed('a', 0), [...shuffled.map(({ one }) => one), ...batches]);
      assert.deepEqual(
        numbers,
        Array.from({ length: next - 1 }, (_, i) => i + 1),
      );
    }),
  );
});
