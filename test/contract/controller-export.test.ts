/** What a controller exports, where the store has trouble and then the power goes. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExportFile } from '../../actors/controller/export-file.ts';
import { Happenings } from '../../actors/controller/happenings.ts';
import { Streams } from '../../actors/controller/streams.ts';
import { createRecords } from '../../actors/store/index.ts';
import { exported } from '../../core/controller/records.ts';
import { itemOf } from '../support/link/outbox-site.ts';
import { SERIAL } from '../support/link-orders.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

test('lines that were on disk before their positions are not cut off once those are there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-export-'));
  try {
    const [clock, store] = [new SimulatedClock(), new MemoryStore()];
    const records = createRecords(store);
    const started = async () => {
      const file = await ExportFile.open(folder, await records.get(exported, ['streams']));
      const happenings = new Happenings(clock);
      const streams = new Streams({
        clock,
        log: () => {},
        records,
        happenings,
        file,
        enrolledHere: () => false,
        ask: () => {},
      });
      await streams.load();
      return { streams, file };
    };
    const lines = async () =>
      (await readFile(join(folder, 'streams-00000001.jsonl'), 'utf8')).split('\n').filter((line) => line !== '').length;
    const { streams, file } = await started();
    const arrive = (first: number) =>
      streams.arrived(
        SERIAL,
        'finding',
        { epoch: 'e', first, items: [itemOf('finding', first, clock.now())], replayed: false },
        100,
      );
    arrive(1);
    await streams.flush();
    store.failing = () => true;
    arrive(2);
    await streams.flush();
    store.failing = () => false;
    clock.advance(1000);
    await streams.flush();
    await file.close();

    const again = await started();
    assert.equal(again.streams.positionOf(SERIAL)[0]?.[1].taken, 2);
    assert.equal(await lines(), 2);
    await again.streams.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});
