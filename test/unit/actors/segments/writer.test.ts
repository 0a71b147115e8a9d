import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SegmentPosition } from '../../../../actors/segments/index.ts';
import { SegmentWriter, type StorageStatus } from '../../../../actors/segments/index.ts';
import { openName, sealedName } from '../../../../actors/segments/segment-file.ts';
import type { DamagedPart } from '../../../../actors/segments/segment-reader.ts';
import { days, millis } from '../../../../core/base/time.ts';
import type { UnparsedLine } from '../../../../core/event/kept.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { SEED, seeded } from '../../../support/random.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { storedLines } from '../../../support/stored-lines.ts';

const LIMITS = { rows: 8, blocks: 3, tailBlocks: 3, pending: 1 << 20 };

const line = (n: number): UnparsedLine => ({
  unparsed: 'other-program',
  at: millis(1_700_000_000_000 + n),
  position: { source: 'log', offset: n * 10 },
  provenance: 'file',
  message: `line ${n}`,
});

const numbersOf = async (disk: MemoryDisk): Promise<number[]> =>
  (await storedLines(disk)).map(({ message }) => Number(message.slice(5)));

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

function bench(disk = new MemoryDisk(), limits = LIMITS) {
  const clock = new SimulatedClock();
  const told: StorageStatus[] = [];
  const damages: DamagedPart[] = [];
  const writer = new SegmentWriter({
    disk,
    clock,
    limits,
    changed: (status) => told.push(status),
    damaged: (part) => damages.push(part),
  });
  return { disk, clock, told, damages, writer };
}

test('what was marked is there, row for row, through blocks, tails and segments', async () => {
  const { disk, writer } = bench();
  await writer.open(undefined);
  for (let n = 0; n < 100; n++) {
    writer.keep(line(n));
    if (n % 3 === 0) await writer.mark();
  }
  await writer.mark();
  assert.deepEqual(await numbersOf(disk), upTo(100));
  assert.deepEqual((await disk.names()).filter((name) => !name.includes('tail')).toSorted(), [
    ...upTo(5, 1).map(sealedName),
    openName(5),
  ]);
  assert.equal((await disk.names()).filter((name) => name.includes('tail')).length, 1, 'old tails are gone');
  const { kept, dropped, blocks, sealed } = writer.status();
  assert.deepEqual({ kept, dropped, blocks, sealed }, { kept: 100, dropped: 0, blocks: 12, sealed: 4 });
});

test('a mark without news is answered at once and asks nothing of the disk', async () => {
  const { disk, writer } = bench();
  const opened = await writer.open(undefined);
  disk.gate = new Promise(() => {});
  assert.deepEqual(await writer.mark(), opened);
});

test('killed or unplugged at any moment: nothing of a saved position is lost, nothing behind it stays', async () => {
  const random = seeded();
  for (let round = 0; round < Number(process.env['BARTIZAN_CRASHES'] ?? 6); round++) await crashes(random);
});

/** Several lives of one directory; each ends in a crash, and the next begins at one of the last saved positions. */
async function crashes(random: () => number): Promise<void> {
  let disk = new MemoryDisk(random);
  let saved: { readonly position: SegmentPosition; readonly next: number }[] = [];
  let next = 0;
  for (let life = 0; life < 4; life++) {
    const from = saved.at(-1 - Math.floor(random() * Math.min(saved.length, 3)));
    const { writer, damages } = bench(disk);
    const opened = await writer.open(from?.position);
    assert.deepEqual(damages, [], `seed ${SEED}`);
    next = from?.next ?? 0;
    assert.deepEqual(await numbersOf(disk), upTo(next), `seed ${SEED}`);
    assert.ok(opened !== undefined);
    saved = [...saved.slice(0, from === undefined ? 0 : saved.indexOf(from) + 1), { position: opened, next }];
    for (let step = Math.floor(random() * 40); step >= 0; step--) {
      if (random() < 0.7) for (let i = Math.floor(random() * 6); i >= 0; i--) writer.keep(line(next++));
      if (random() < 0.5) continue;
      const marked = writer.mark();
      const at = next;
      if (random() < 0.2) continue;
      const position = await marked;
      assert.ok(position !== undefined);
      saved.push({ position, next: at });
    }
    // Some of what is under way gets there.
    for (let i = Math.floor(random() * 4); i > 0; i--) await settled();
    disk = random() < 0.5 ? disk.killed() : disk.unplugged();
  }
}

test('killed in the middle of taking the directory over, the next start takes it over', async () => {
  const random = seeded();
  for (let round = 0; round < Number(process.env['BARTIZAN_CRASHES'] ?? 5); round++) {
    const { disk, writer } = bench(new MemoryDisk(random));
    await writer.open(undefined);
    for (let n = 0; n < 20; n++) writer.keep(line(n));
    const position = await writer.mark();
    for (let n = 20; n < 60; n++) writer.keep(line(n));
    await writer.mark();
    let left = disk.killed();
    for (let attempt = 0; attempt < 3; attempt++) {
      left.faultIn = 1 + Math.floor(random() * 8);
      await bench(left).writer.open(position);
      left = random() < 0.5 ? left.killed() : left.unplugged();
    }
    const { writer: again, damages } = bench(left);
    assert.ok((await again.open(position)) !== undefined);
    assert.deepEqual([await numbersOf(left), damages], [upTo(20), []], `seed ${SEED}`);
  }
});

test('without a position what is there is kept and sealed', async () => {
  const { disk, writer } = bench();
  await writer.open(undefined);
  for (let n = 0; n < 20; n++) writer.keep(line(n));
  await writer.mark();
  const left = disk.killed();
  const again = bench(left);
  await again.writer.open(undefined);
  again.writer.keep(line(20));
  await again.writer.mark();
  assert.deepEqual(await numbersOf(left), upTo(21));
  assert.ok(left.has(sealedName(1)) && left.has(openName(2)));
});

test('a full disk costs what came since the last mark, counted; the rest goes on when there is room', async () => {
  const { disk, writer, clock, told } = bench(new MemoryDisk(seeded()));
  await writer.open(undefined);
  for (let n = 0; n < 10; n++) writer.keep(line(n));
  const position = await writer.mark();
  disk.fault = 'ENOSPC';
  for (let n = 10; n < 30; n++) writer.keep(line(n));
  assert.deepEqual(await writer.mark(), position, 'what was durable is');
  for (let n = 30; n < 40; n++) writer.keep(line(n));
  assert.deepEqual([writer.status().state, writer.status().kept, writer.status().dropped], ['out', 10, 30]);
  clock.advance(10_000);
  await settled();
  assert.equal(writer.status().state, 'out', 'tried in vain');
  disk.fault = undefined;
  clock.advance(10_000);
  for (let i = 0; i < 20; i++) await settled();
  for (let n = 40; n < 60; n++) writer.keep(line(n));
  await writer.mark();
  assert.deepEqual(await numbersOf(disk), [...upTo(10), ...upTo(60, 40)]);
  assert.deepEqual(
    told.map(({ state, why }) => `${state} ${why ?? ''}`),
    ['ok ', 'out ENOSPC: no', 'ok '],
  );
  assert.deepEqual([writer.status().kept, writer.status().dropped], [30, 30]);
});

test('a disk that is read-only from the start drops and counts, and is tried again', async () => {
  const disk = new MemoryDisk();
  disk.fault = 'EROFS';
  const { writer, clock } = bench(disk);
  assert.equal(await writer.open(undefined), undefined);
  writer.keep(line(0));
  assert.equal(await writer.mark(), undefined);
  assert.deepEqual(writer.status(), { state: 'out', why: 'EROFS: no', kept: 0, dropped: 1, blocks: 0, sealed: 0 });
  disk.fault = undefined;
  clock.advance(10_000);
  for (let i = 0; i < 10; i++) await settled();
  writer.keep(line(1));
  await writer.mark();
  assert.deepEqual(await numbersOf(disk), [1]);
});

test('a slow disk drops what it cannot take, in bounded memory, and nothing once it keeps up', async () => {
  const { disk, writer, told } = bench(new MemoryDisk(), { ...LIMITS, pending: 4000 });
  await writer.open(undefined);
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.gate = promise;
  for (let n = 0; n < 2000; n++) writer.keep(line(n));
  const { state, kept, dropped } = writer.status();
  assert.equal(state, 'slow');
  assert.equal(kept + dropped, 2000);
  assert.ok(dropped > 0);
  resolve();
  await writer.mark();
  writer.keep(line(2000));
  await writer.mark();
  assert.equal((await storedLines(disk)).length, kept + 1);
  assert.deepEqual(
    told.map((status) => status.state),
    ['ok', 'slow', 'ok'],
  );
});

test('a segment is sealed when it is a day old', async () => {
  const { disk, writer, clock } = bench();
  await writer.open(undefined);
  writer.keep(line(0));
  await writer.mark();
  clock.advance(days(1) - 1);
  writer.keep(line(1));
  await writer.mark();
  assert.equal(disk.has(openName(1)), true);
  clock.advance(1);
  await writer.mark();
  assert.equal(disk.has(sealedName(1)), true);
  writer.keep(line(2));
  await writer.mark();
  assert.deepEqual(await numbersOf(disk), [0, 1, 2]);
});

test('what was durable and is not there any more is told, and the rest is used', async () => {
  const { disk, writer } = bench();
  await writer.open(undefined);
  for (let n = 0; n < 20; n++) writer.keep(line(n));
  const position = await writer.mark();
  const whole = disk.bytes(openName(1));
  disk.tamper(openName(1), whole.subarray(0, whole.length - 10));
  const shorter = bench(disk.killed());
  await shorter.writer.open(position);
  assert.deepEqual(await numbersOf(shorter.disk), [...upTo(8), ...upTo(20, 16)]);
  assert.match(shorter.damages[0]?.why ?? '', /not there any more/);
  const aside = shorter.disk.bytes(`${openName(1)}.damaged`);
  assert.deepEqual(
    aside,
    whole.subarray(whole.length - 10 - aside.length, whole.length - 10),
    'the half block is kept',
  );
  for (const name of await disk.names()) disk.tamper(name, undefined);
  const gone = bench(disk.killed());
  await gone.writer.open(position);
  assert.deepEqual(gone.damages, [{ file: openName(1), at: 0, why: 'the segment is gone', rows: 20 }]);
  gone.writer.keep(line(99));
  await gone.writer.mark();
  assert.deepEqual(await numbersOf(gone.disk), [99]);
});

test('a header that was lost is told once and written anew, whoever goes on with the segment', async () => {
  const { disk, writer } = bench();
  await writer.open(undefined);
  for (let n = 0; n < 20; n++) writer.keep(line(n));
  const position = await writer.mark();
  for (const from of [position, undefined]) {
    disk.tamper(openName(1), Buffer.concat([Buffer.alloc(20, 0xa5), disk.bytes(openName(1)).subarray(20)]));
    const again = bench(disk.killed());
    await again.writer.open(from);
    assert.deepEqual(again.damages, [{ file: openName(1), at: 0, why: 'its header is not what was written' }]);
    assert.deepEqual(await numbersOf(again.disk), upTo(20));
    const mended = bench(again.disk.killed());
    await mended.writer.open(from);
    assert.deepEqual(mended.damages, []);
  }
});
