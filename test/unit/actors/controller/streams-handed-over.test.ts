import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { Streams } from '../../../../actors/controller/streams.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import type { StreamBatch } from '../../../../core/link/stream.ts';
import { shardOf } from '../../../../core/link/topics.ts';
import { SITE_SERIAL } from '../../../support/link/link-site.ts';
import { itemOf } from '../../../support/link/outbox-site.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function taking() {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const asked: string[] = [];
  const streams = new Streams({
    clock,
    log: () => {},
    records: createRecords(store),
    happenings: new Happenings(clock),
    file: undefined,
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
  return { streams, asked, arrive, taken, store };
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
