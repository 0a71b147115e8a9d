import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { Streams } from '../../../../actors/controller/streams.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import { millis } from '../../../../core/base/time.ts';
import type { StreamBatch, StreamItem } from '../../../../core/link/stream.ts';
import { SERIAL } from '../../../support/link-orders.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const audit = (serial: number): StreamItem => ({
  kind: 'audit',
  audit: { serial, record: new TextEncoder().encode('{}'), hash: '' as never },
});
const batch = (first: number, items: readonly StreamItem[], more: Partial<StreamBatch> = {}): StreamBatch => ({
  ...{ epoch: 'a', first, items, replayed: false },
  ...more,
});

async function site() {
  const clock = new SimulatedClock();
  const records = createRecords(new MemoryStore());
  const happenings = new Happenings(clock);
  const [numbers, asked]: [unknown[], string[]] = [[], []];
  happenings.listen(({ number }) => numbers.push(number));
  const make = async (): Promise<Streams> => {
    const ask = (_: string, stream: string, epoch: string, from: number, to: number): void => {
      asked.push(`${stream} ${epoch} ${from}-${to}`);
    };
    const deps = { clock, log: () => {}, records, happenings, file: undefined, enrolledHere: () => false };
    const streams = new Streams({ ...deps, ask });
    await streams.load();
    return streams;
  };
  return { make, numbers, asked };
}

test('what somebody else has written into a stream is taken back, and what was passed over for it is asked for', async () => {
  const { make, numbers, asked } = await site();
  const streams = await make();
  const arrive = (one: StreamBatch): void => streams.arrived(SERIAL, 'audit', one, 100);
  arrive(batch(1, [audit(1), audit(2), audit(3)]));
  const forged = { count: 2 ** 40, reason: 'lost', oldestAt: millis(0), newestAt: millis(0) } as const;
  arrive(batch(4, [{ kind: 'gap', gap: forged }]));
  arrive(batch(4, [audit(4)]));
  assert.deepEqual(numbers, [1, 2, 3, 4], 'the forged gap, and nothing after it');

  await streams.rewind(SERIAL, 'audit', 'a', 3);
  arrive(batch(6, [audit(6)]));
  assert.deepEqual(asked, ['audit a 4-5']);
  arrive(batch(4, [audit(4), audit(5)], { replayed: true }));
  assert.deepEqual(numbers, [1, 2, 3, 4, 4, 5, 6]);
  await streams.flush();
  const [[, taken] = []] = (await make()).positionOf(SERIAL);
  assert.deepEqual([taken?.epoch, taken?.taken], ['a', 6]);
  await streams.stop();
});

test('a numbering that somebody invented is left for the one that the appliance reports', async () => {
  const { make, numbers } = await site();
  const streams = await make();
  const arrive = (one: StreamBatch): void => streams.arrived(SERIAL, 'audit', one, 100);
  arrive(batch(1, [audit(1)]));
  arrive(batch(1, [audit(1)], { epoch: 'forged' }));
  arrive(batch(2, [audit(2)]));
  assert.deepEqual(numbers, [1, 1], 'what is real counts as late');
  await streams.rewind(SERIAL, 'audit', 'a', 1);
  arrive(batch(2, [audit(2)]));
  assert.deepEqual(numbers, [1, 1, 2]);
  await streams.stop();
});
