import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReadLines, SegmentWriter } from '../../../../actors/segments/index.ts';
import { millis } from '../../../../core/base/time.ts';
import { ACTIONS, FIELD, FIELDS, FLAG } from '../../../../native/lines/port.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { storedLines } from '../../../support/stored-lines.ts';

const LIMITS = { rows: 8, blocks: 3, tailBlocks: 3, pending: 1 << 20 };

/** So many lines as they would be read, `line 0` the message of the first. */
function readLines(count: number): ReadLines {
  const rows = new Uint32Array(count * FIELDS);
  const texts = Array.from({ length: count }, (_, n) => `line ${n}`);
  let packed = 0;
  for (const [n, text] of texts.entries()) {
    const row = rows.subarray(n * FIELDS, (n + 1) * FIELDS);
    row[FIELD.action] = ACTIONS.indexOf('sudo_command');
    row[FIELD.start] = n * 10;
    row[FIELD.end] = n * 10 + text.length;
    row[FIELD.message] = n * 10;
    row[FIELD.flags] = FLAG.noPid;
    row[FIELD.packed] = packed;
    packed += text.length;
  }
  const messages = Buffer.from(texts.join(''));
  const began = 1_700_000_000_000;
  return {
    rows,
    texts: [''],
    messages,
    offset: 0,
    source: 'log',
    provenance: 'file',
    began,
    receivedAt: millis(began),
  };
}

async function bench(limits = LIMITS) {
  const disk = new MemoryDisk();
  const clock = new SimulatedClock();
  const writer = new SegmentWriter({ disk, clock, limits });
  await writer.open(undefined);
  const numbers = async (): Promise<number[]> =>
    (await storedLines(disk)).map(({ message }) => Number(message.slice(5)));
  return { disk, clock, writer, numbers };
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

test('a run of lines that were read is kept whole, however many blocks it fills', async () => {
  const { writer, numbers } = await bench();
  const lines = readLines(3000);
  writer.keepRead(lines, 0, 3);
  await writer.mark();
  writer.keepRead(lines, 3 * FIELDS, 2997);
  await writer.mark();
  assert.deepEqual(await numbers(), upTo(3000));
  const { kept, dropped } = writer.status();
  assert.deepEqual({ kept, dropped }, { kept: 3000, dropped: 0 });
});

test('of a run that a full disk does not take all is counted', async () => {
  const { disk, clock, writer, numbers } = await bench();
  const lines = readLines(60);
  writer.keepRead(lines, 0, 10);
  await writer.mark();
  disk.fault = 'ENOSPC';
  writer.keepRead(lines, 10 * FIELDS, 20);
  await writer.mark();
  writer.keepRead(lines, 30 * FIELDS, 10);
  assert.deepEqual([writer.status().state, writer.status().kept, writer.status().dropped], ['out', 10, 30]);
  disk.fault = undefined;
  clock.advance(10_000);
  for (let i = 0; i < 20; i++) await settled();
  writer.keepRead(lines, 40 * FIELDS, 20);
  await writer.mark();
  assert.deepEqual(await numbers(), [...upTo(10), ...upTo(60, 40)]);
});

test('of a run that comes faster than a slow disk takes it the rest is dropped, counted', async () => {
  const { disk, writer, numbers } = await bench({ ...LIMITS, pending: 4000 });
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.gate = promise;
  writer.keepRead(readLines(2000), 0, 2000);
  const { state, kept, dropped } = writer.status();
  assert.equal(state, 'slow');
  assert.equal(kept + dropped, 2000);
  assert.ok(kept > 0 && dropped > 0);
  resolve();
  await writer.mark();
  assert.deepEqual(await numbers(), upTo(kept));
});
