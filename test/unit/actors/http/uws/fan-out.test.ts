import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FanOut } from '../../../../../actors/http/uws/fan-out.ts';
import { settled } from '../../../../support/settled.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

function fixture(count: number) {
  const clock = new SimulatedClock();
  const fanOut = new FanOut(clock);
  const turns = Array.from({ length: count }, () => 0);
  const writers = turns.map((_, i) => ({ flush: () => void turns.splice(i, 1, (turns[i] ?? 0) + 1) }));
  const total = () => turns.reduce((sum, one) => sum + one, 0);
  return { clock, fanOut, writers, turns, total };
}

test('a writer has its turn at the next occasion, once however often it asks', async () => {
  const { fanOut, writers, total } = fixture(1);
  for (let i = 0; i < 3; i++) for (const writer of writers) fanOut.schedule(writer);
  assert.equal(total(), 0);
  await settled();
  assert.equal(total(), 1);
});

test('many writers are served in slices, others in between', async () => {
  const { fanOut, writers, turns, total } = fixture(200);
  for (const writer of writers) fanOut.schedule(writer);
  const seen: number[] = [];
  while (total() < 200) {
    await settled();
    seen.push(total());
  }
  assert.deepEqual(seen, [64, 128, 192, 200]);
  assert.ok(turns.every((one) => one === 1));
});

test('the next round waits the longer the more there were, and gathers what comes meanwhile', async () => {
  const { clock, fanOut, writers, total } = fixture(200);
  for (const writer of writers) fanOut.schedule(writer);
  while (total() < 200) await settled();
  for (let i = 0; i < 5; i++) for (const writer of writers) fanOut.schedule(writer);
  clock.advance(9);
  await settled();
  assert.equal(total(), 200);
  clock.advance(1);
  while (total() < 400) await settled();
  clock.advance(1000);
  await settled();
  assert.equal(total(), 400);
});

test('a writer that is dropped has no turn', async () => {
  const { fanOut, writers, turns } = fixture(2);
  for (const writer of writers) fanOut.schedule(writer);
  for (const writer of writers.slice(1)) fanOut.drop(writer);
  await settled();
  assert.deepEqual(turns, [1, 0]);
});
