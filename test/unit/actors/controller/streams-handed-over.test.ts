import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { Streams } from '../../../../actors/controller/streams.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import { millis, seconds } from '../../../../core/base/time.ts';
import { MOST_PATIENCE, PATIENCE } from '../../../../core/controller/taker.ts';
import type { StreamBatch } from '../../../../core/link/stream.ts';
import { shardOf } from '../../../../core/link/topics.ts';
import { SITE_SERIAL } from '../../../support/link/link-site.ts';
import { itemOf } from '../../../support/link/outbox-site.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function taking(isEnrolledHere = false) {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const asked: string[] = [];
  const streams = new Streams({
    clock,
    log: () => {},
    records: createRecords(store),
    happenings: new Happenings(clock),
    file: undefined,
    enrolledHere: () => isEnrolledHere,
    ask: (_, stream, epoch, from, to) => asked.push(`${stream} ${epoch} ${from}-${to}`),
  });
  const from = (first: number, replayed = false): StreamBatch => ({
    epoch: 'e',
    first,
    items: [itemOf('finding', first, clock.now())],
    replayed,
  });
  const arrive = (first: number, replayed = false) =>
    streams.arrived(SITE_SERIAL, 'finding', from(first, replayed), 100);
  const taken = () => streams.positionOf(SITE_SERIAL)[0]?.[1].taken;
  const report = (sent: number, epoch = 'e') =>
    streams.reported(SITE_SERIAL, [{ stream: 'finding', epoch, newest: sent, sent, waitingBytes: 0 }]);
  const inherit = (sequence: number) =>
    streams.inherit(shardOf(SITE_SERIAL), [{ appliance: SITE_SERIAL, stream: 'finding', epoch: 'e', sequence }], true);
  return { clock, streams, asked, arrive, taken, report, inherit, store };
}

test('a stream that nobody ever took begins where it stands', () => {
  const { asked, arrive, taken } = taking();
  arrive(5);
  assert.deepEqual([taken(), asked], [5, []]);
});

test('a stream that began while its shard changed hands is asked for from its beginning', () => {
  const { streams, asked, arrive, taken } = taking();
  streams.inherit(shardOf(SITE_SERIAL), [], true);
  arrive(2);
  assert.deepEqual([taken(), asked], [0, ['finding e 1-1']]);
  arrive(1, true);
  assert.equal(taken(), 2);
});

test('many who want it on disk share one write, and nothing new needs none', async () => {
  const { streams, arrive, store } = taking();
  arrive(5);
  await Promise.all(Array.from({ length: 64 }, () => streams.flush()));
  assert.equal(store.commits.length, 1);
  await Promise.all(Array.from({ length: 64 }, () => streams.flush()));
  assert.equal(store.commits.length, 1);
  arrive(6);
  const under = streams.flush();
  arrive(7);
  await Promise.all([under, streams.flush()]);
  assert.deepEqual(
    store.commits.map(({ ops }) => ops.length),
    [1, 1],
  );
});

/** From a report on until what is missing then counts as lost, and is looked for. */
const LATE = millis(PATIENCE + seconds(5));

test('the last item, which came while nobody served the shard, is asked for once the report tells of it, and taken once', () => {
  const { clock, streams, asked, arrive, taken, report, inherit } = taking();
  streams.start();
  inherit(52);
  report(53);
  clock.advance(PATIENCE - 1);
  assert.deepEqual(asked, [], 'it may be on its way');
  report(53);
  clock.advance(seconds(6));
  assert.deepEqual(asked, ['finding e 53-53']);
  arrive(53, true);
  arrive(53);
  assert.deepEqual([taken(), streams.counters.items], [53, 1]);
  clock.advance(seconds(3600));
  assert.equal(asked.length, 1);
});

test('nothing is asked for where nothing is missing, or where it comes after its report', () => {
  const { clock, streams, asked, arrive, report, inherit } = taking();
  streams.start();
  inherit(52);
  report(52);
  clock.advance(seconds(3600));
  report(54);
  clock.advance(seconds(5));
  arrive(53);
  arrive(54);
  clock.advance(seconds(3600));
  report(50);
  clock.advance(seconds(3600));
  assert.deepEqual(asked, []);
});

test('what an appliance sent before its shard was served the first time is asked for, also where nothing else comes', () => {
  const { clock, streams, asked, arrive, taken, report } = taking(true);
  streams.start();
  report(0);
  assert.equal(taken(), undefined);
  report(1);
  clock.advance(LATE);
  assert.deepEqual(asked, ['finding e 1-1']);
  arrive(1, true);
  assert.equal(taken(), 1);
});

test('of a stream that begins in a shard that changed hands, too; of an appliance that was enrolled elsewhere before, nothing', () => {
  const followed = taking();
  followed.streams.start();
  followed.streams.inherit(shardOf(SITE_SERIAL), [], true);
  followed.report(2);
  followed.clock.advance(LATE);
  assert.deepEqual(followed.asked, ['finding e 1-2']);
  const other = taking();
  other.streams.start();
  other.report(2);
  other.clock.advance(LATE);
  assert.deepEqual(other.asked, []);
});

test('a report of another numbering asks for nothing: the stream goes over to it with what comes of it', () => {
  const { clock, streams, asked, taken, report, inherit } = taking();
  streams.start();
  inherit(52);
  report(60, 'other');
  clock.advance(seconds(3600));
  assert.deepEqual([taken(), asked], [52, []]);
});

test('who does not answer is asked less and less often, until it reports again', () => {
  const { clock, streams, asked, report, inherit } = taking();
  streams.start();
  inherit(52);
  report(53);
  clock.advance(seconds(3600));
  assert.ok(asked.length > 1 && asked.length <= 8, `${asked.length} in an hour`);
  clock.advance(MOST_PATIENCE);
  const before = asked.length;
  clock.advance(PATIENCE);
  assert.equal(asked.length, before);
  report(53);
  clock.advance(seconds(5));
  assert.equal(asked.length, before + 1);
});
