import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Intake } from '../../../../../actors/watchers/syslog/intake.ts';
import type { NetworkBatch } from '../../../../../actors/watchers/syslog/port.ts';
import { millis, seconds } from '../../../../../core/base/time.ts';
import type { RawLine } from '../../../../../core/event/event.ts';
import { settled } from '../../../../support/settled.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

const line = (offset: number, text = 'x'): RawLine => ({
  text,
  position: { source: 'net', offset },
  receivedAt: millis(0),
  provenance: 'spoofable',
});

const some = (from: number, count: number): RawLine[] => Array.from({ length: count }, (_, i) => line(from + i));

function bench(limits = { batchLines: 10, queueLines: 25, queueChars: 1000 }) {
  const clock = new SimulatedClock();
  const batches: number[][] = [];
  const said: string[] = [];
  const sink = { refuses: false, gate: Promise.resolve() };
  const submit = async ({ lines }: NetworkBatch): Promise<void> => {
    await sink.gate;
    if (sink.refuses) throw new Error('the store is full');
    batches.push(lines.map(({ position }) => position.offset));
  };
  const intake = new Intake({ parser: 'sshd', sink: { submit }, clock, limits, hindered: (why) => said.push(why) });
  return { clock, batches, said, sink, intake };
}

test('lines go on in order, in batches of bounded size', async () => {
  const { intake, batches } = bench();
  await intake.take(some(0, 23));
  assert.deepEqual(
    batches.flat(),
    some(0, 23).map(({ position }) => position.offset),
  );
  assert.ok(batches.every((batch) => batch.length <= 10));
});

test('a sender that goes on as soon as its lines are taken is heard again', async () => {
  const { intake, batches } = bench();
  for (let i = 0; i < 5; i++) await intake.take(some(i, 1));
  assert.deepEqual(batches, [[0], [1], [2], [3], [4]]);
});

test('who waits for room has it in turn, and only as much as there is', async () => {
  const { intake, sink } = bench();
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  void intake.take(some(0, 40));
  const order: number[] = [];
  for (const sender of [1, 2, 3]) {
    intake.whenRoom(() => {
      order.push(sender);
      void intake.take(some(100 * sender, 20));
    });
  }
  assert.equal(intake.hasRoom, false);
  await settled();
  assert.deepEqual(order, []);
  let most = 0;
  gate.resolve();
  for (let i = 0; i < 50; i++) {
    most = Math.max(most, intake.waiting);
    await undefined;
  }
  await settled();
  assert.deepEqual(order, [1, 2, 3]);
  assert.ok(most <= 45, `${most} lines waited`);
  assert.equal(intake.waiting, 0);
});

test('two senders take turns, chunk by chunk', async () => {
  const { intake, batches } = bench();
  await Promise.all([intake.take(some(0, 4)), intake.take(some(100, 2))]);
  assert.deepEqual(batches.flat(), [0, 1, 2, 3, 100, 101]);
});

test('datagrams beyond the queue are refused, the newest; room comes back', async () => {
  const { intake, sink, batches } = bench();
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  assert.deepEqual(
    some(0, 30).map((one) => intake.offer(one)),
    Array.from({ length: 30 }, (_, i) => i < 25),
  );
  gate.resolve();
  await settled();
  assert.equal(batches.flat().length, 25);
  assert.ok(intake.offer(line(30)));
});

test('the queue is bounded in characters too', () => {
  const { intake } = bench();
  assert.ok(intake.offer(line(0, 'x'.repeat(1500))));
  assert.ok(!intake.offer(line(1)));
});

test('a batch that is refused is offered again, later and later, and said', async () => {
  const { intake, sink, batches, said, clock } = bench();
  sink.refuses = true;
  let isTaken = false;
  void intake.take(some(0, 2)).then(() => {
    isTaken = true;
  });
  for (const wait of [500, 1000, 2000]) {
    await settled();
    clock.advance(wait - 1);
    await settled();
    assert.equal(clock.pending, 1);
    clock.advance(1);
  }
  await settled();
  assert.equal(isTaken, false);
  sink.refuses = false;
  clock.advance(4000);
  await settled();
  assert.ok(isTaken);
  assert.deepEqual(batches, [[0, 1]]);
  assert.match(said[0] ?? '', /the store is full/);
  assert.equal(said.at(-1), '');
});

test('stopping lets the sink take what waits, but not for ever; nothing comes in afterwards', async () => {
  const { intake, sink, batches, clock } = bench();
  intake.offer(line(0));
  assert.equal(await intake.stop(seconds(2)), 0);
  assert.deepEqual(batches, [[0]]);
  assert.ok(!intake.offer(line(1)));
  const stuck = bench();
  stuck.sink.refuses = true;
  stuck.intake.offer(line(0));
  await settled();
  const stopping = stuck.intake.stop(seconds(2));
  stuck.clock.advance(2000);
  assert.equal(await stopping, 1);
  assert.equal(clock.pending + stuck.clock.pending, 0);
  assert.equal(sink.refuses, false);
});
