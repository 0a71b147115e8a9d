import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { MOST_REPLAYED, receive, replayed } from '../../../../core/link/positions.ts';
import { type Gap, numbersOf, type StreamBatch, type StreamItem } from '../../../../core/link/stream.ts';
import { fc } from '../../../support/random.ts';

const gap = (count: number): StreamItem => ({
  kind: 'gap',
  gap: { count, reason: 'size', oldestAt: millis(1), newestAt: millis(2) } satisfies Gap,
});
const audit = (serial: number): StreamItem => ({
  kind: 'audit',
  audit: { serial, record: new Uint8Array(0), hash: '' as never },
});
const batch = (first: number, ...items: readonly StreamItem[]): StreamBatch => ({
  epoch: 'a',
  first,
  items,
  replayed: false,
});
const three = batch(5, audit(5), audit(6), audit(7));

for (const [name, sequence, numbers, after] of [
  ['what comes next', 4, [5, 6, 7], 7],
  ['what is known in part', 5, [6, 7], 7],
  ['what is known', 7, [], 7],
  ['what is long known', 90, [], 90],
] as const) {
  test(`${name} is taken once`, () => {
    const received = receive(sequence, three);
    assert.deepEqual(
      received.fresh.map(({ number }) => number),
      numbers,
    );
    assert.equal(received.sequence, after);
    assert.equal(received.missing, undefined);
  });
}

test('what comes after a hole is left until the hole was asked for', () => {
  assert.deepEqual(receive(1, three), { fresh: [], sequence: 1, missing: { from: 2, to: 4 } });
  const far = receive(0, batch(10 ** 9, audit(1)));
  assert.deepEqual(far.missing, { from: 1, to: MOST_REPLAYED });
});

test('a gap that is known in part stands for the rest of it', () => {
  const { fresh, sequence } = receive(6, batch(5, gap(10), audit(15)));
  assert.deepEqual(fresh, [
    { number: 7, item: gap(8) },
    { number: 15, item: audit(15) },
  ]);
  assert.equal(sequence, 15);
  assert.deepEqual(receive(14, batch(5, gap(10))).fresh, []);
});

test('a replay is answered with what there is', () => {
  assert.deepEqual(replayed({ from: 3, to: 9 }, 5), { ok: true, value: { from: 3, to: 5 } });
  for (const asked of [
    { from: 0, to: 1 },
    { from: 3, to: 2 },
    { from: 6, to: 9 },
    { from: 1, to: 1 + MOST_REPLAYED + 1 },
  ]) {
    assert.equal(replayed(asked, 5).ok, false);
  }
});

test('however batches are cut, repeated, dropped and mixed up, each number is taken once, in order, and all once the holes were asked for', () => {
  const items = fc.array(fc.oneof(fc.constant('item' as const), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 20,
  });
  const cuts = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 25 });
  fc.assert(
    fc.property(items, cuts, (shape, stretches) => {
      const all: { readonly number: number; readonly item: StreamItem }[] = [];
      let end = 1;
      for (const one of shape) {
        const item = one === 'item' ? audit(end) : gap(one);
        all.push({ number: end, item });
        end += numbersOf(item);
      }
      const stretch = (from: number, to: number): StreamBatch =>
        batch(all[from]?.number ?? 1, ...all.slice(from, to + 1).map(({ item }) => item));
      let sequence = 0;
      const numbers: number[] = [];
      const take = (one: StreamBatch): void => {
        const received = receive(sequence, one);
        for (const { number, item } of received.fresh) {
          for (let i = 0; i < numbersOf(item); i++) numbers.push(number + i);
        }
        sequence = received.sequence;
        if (received.missing === undefined) return;
        // The appliance answers with whole items, so with some that are known.
        const { from, to } = received.missing;
        const first = all.findLastIndex(({ number }) => number <= from);
        const last = all.findLastIndex(({ number }) => number <= to);
        take(stretch(first, last));
        take(one);
      };
      for (const [a, b] of stretches) {
        const from = a % all.length;
        take(stretch(from, Math.min(all.length - 1, from + (b % 4))));
      }
      assert.deepEqual(
        numbers,
        Array.from({ length: sequence }, (_, i) => i + 1),
      );
      take(stretch(all.length - 1, all.length - 1));
      assert.equal(sequence, end - 1);
    }),
  );
});
