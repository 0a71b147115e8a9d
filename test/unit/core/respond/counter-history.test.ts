import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, type Millis, millis, minutes, plus, seconds } from '../../../../core/base/time.ts';
import {
  CounterHistory,
  KEPT,
  MOST_SERIES,
  MOST_STEPS,
  SAMPLE,
  stepFor,
} from '../../../../core/respond/counter-history.ts';

const START = millis(Date.UTC(2026, 0, 1));
const at = (n: number): Millis => millis(START + n * SAMPLE);
const reading = (packets: number, name = 'blocked4') => ({ name, packets, bytes: packets * 60 });

/** Reads the counter at these values, ten seconds apart. */
function read(values: readonly number[]): CounterHistory {
  const history = new CounterHistory();
  values.forEach((value, i) => {
    history.take([reading(value)], at(i));
  });
  return history;
}

const packets = (history: CounterHistory, from: Millis, now: Millis, step?: Millis) =>
  history.since(from, now, step).series[0]?.packets;

test('each step holds what was counted in it; what was there before belongs to none', () => {
  const history = read([1000, 1004, 1004, 1009]);
  const page = history.since(at(0), at(3));
  assert.deepEqual([page.from, page.step], [at(0), SAMPLE]);
  assert.deepEqual(page.series, [
    { name: 'blocked4', total: { packets: 1009, bytes: 60_540 }, packets: [0, 4, 0, 5], bytes: [0, 240, 0, 300] },
  ]);
});

test('a counter that was made anew counts from nothing', () => {
  assert.deepEqual(packets(read([10, 14, 3]), at(0), at(2)), [0, 4, 3]);
});

test('steps are summed to what fits an answer, and the newest is never cut', () => {
  const history = read(Array.from({ length: 61 }, (_, i) => i));
  assert.deepEqual(packets(history, at(0), at(60), minutes(1)), [0, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6]);
  assert.equal(stepFor(START, plus(START, KEPT)), seconds(70));
  assert.equal(stepFor(START, plus(START, hours(1))), SAMPLE);
  assert.ok((packets(history, at(-8640), at(60)) ?? []).length <= MOST_STEPS);
});

test('after a day it is gone', () => {
  const history = read([0, 7]);
  history.take([reading(7)], plus(at(1), KEPT));
  assert.deepEqual(packets(history, plus(at(1), millis(KEPT - SAMPLE)), plus(at(1), KEPT)), [0, 0]);
  const all = packets(history, at(0), plus(at(1), KEPT)) ?? [];
  assert.equal(
    all.reduce((sum, count) => sum + count, 0),
    0,
  );
});

test('a clock that was set back or leapt loses nothing and makes nothing up', () => {
  const history = read([0, 5]);
  history.take([reading(8)], at(-500));
  assert.deepEqual(packets(history, at(0), at(1)), [0, 8]);
  history.take([reading(9)], plus(at(1), hours(24 * 400)));
  const now = plus(at(1), hours(24 * 400));
  assert.deepEqual(packets(history, now, now), [1]);
});

test('a counter that is gone keeps its past as long as there is any', () => {
  const history = read([0, 5]);
  history.take([], at(2));
  assert.deepEqual(packets(history, at(0), at(2)), [0, 5, 0]);
  history.take([], plus(at(2), KEPT));
  assert.deepEqual(history.since(at(0), at(2)).series, []);
});

test('so many counters have a past, all have a total', () => {
  const history = new CounterHistory();
  const names = Array.from({ length: MOST_SERIES + 1 }, (_, i) => `list_${i}`);
  history.take(
    names.map((name) => reading(0, name)),
    at(0),
  );
  history.take(
    names.map((name) => reading(2, name)),
    at(1),
  );
  const { series } = history.since(at(0), at(1));
  assert.equal(series.filter(({ packets: [, second] }) => second === 2).length, MOST_SERIES);
  assert.equal(series.filter(({ total }) => total.packets === 2).length, MOST_SERIES + 1);
});
