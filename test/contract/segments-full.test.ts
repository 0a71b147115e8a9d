import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { SegmentWriter, segmentDisk, verifySegments } from '../../actors/segments/index.ts';
import { seconds } from '../../core/base/time.ts';
import { collect } from '../support/collect.ts';
import { answer, failures } from '../support/segment-directory.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { temporary } from '../support/store-directory.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const skip = process.getuid?.() === 0 ? false : 'needs root to mount a small tmpfs';

/** A directory on a file system of its own, of a few megabytes. */
async function small(body: (place: string) => Promise<void>): Promise<void> {
  const place = join(await temporary(), 'disk');
  await mkdir(place);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'tmpfs', place]);
  try {
    await body(place);
  } finally {
    await run('umount', [place]);
  }
}

async function fill(place: string): Promise<void> {
  for (const size of [1 << 16, 1 << 12]) {
    for (let n = 0; ; n++) {
      if ((await writeFile(join(place, `filler-${size}-${n}`), Buffer.alloc(size)).catch(() => 'full')) === 'full')
        break;
    }
  }
}

async function free(place: string): Promise<void> {
  for (const name of await readdir(place)) if (name.startsWith('filler-')) await rm(join(place, name));
}

async function writerIn(directory: string) {
  const clock = new SimulatedClock();
  const writer = new SegmentWriter({ disk: segmentDisk(directory), clock });
  await writer.open(undefined);
  return { clock, writer };
}

test('a full disk: what was marked stays, what comes is counted, and it goes on when there is room', {
  skip,
}, async () => {
  await small(async (place) => {
    const directory = join(place, 'events');
    const { clock, writer } = await writerIn(directory);
    for (const line of failures(5000)) writer.keep(line);
    await writer.mark();
    await fill(place);
    for (const line of failures(20_000, 5000)) writer.keep(line);
    await writer.mark();
    assert.deepEqual(writer.status(), {
      state: 'out',
      why: 'ENOSPC: no space left on device, write',
      kept: 5000,
      dropped: 20_000,
      blocks: writer.status().blocks,
      sealed: 0,
    });
    assert.equal((await answer(directory, '| count')).end.counted?.total, 5000);
    await free(place);
    clock.advance(seconds(10));
    await until('the writer is back', () => writer.status().state === 'ok');
    for (const line of failures(100, 30_000)) writer.keep(line);
    await writer.mark();
    assert.equal((await answer(directory, '| count')).end.counted?.total, 5100);
    assert.deepEqual(
      (await collect(verifySegments(directory))).filter(({ kind }) => kind === 'damage'),
      [],
    );
    await writer.close();
  });
});

test('a file system that turns read-only drops and counts, and searching goes on', { skip }, async () => {
  await small(async (place) => {
    const directory = join(place, 'events');
    const { clock, writer } = await writerIn(directory);
    for (const line of failures(50)) writer.keep(line);
    await writer.mark();
    await writer.close();
    await run('mount', ['-o', 'remount,ro', place]);
    const again = await writerIn(directory);
    for (const line of failures(10, 50)) again.writer.keep(line);
    assert.match(again.writer.status().why ?? '', /EROFS/);
    assert.equal(again.writer.status().dropped, 10);
    assert.equal((await answer(directory, '| count')).end.counted?.total, 50);
    await run('mount', ['-o', 'remount,rw', place]);
    again.clock.advance(seconds(10));
    await until('the writer is back', () => again.writer.status().state === 'ok');
    for (const line of failures(10, 60)) again.writer.keep(line);
    await again.writer.mark();
    assert.equal((await answer(directory, '| count')).end.counted?.total, 60);
    await again.writer.close();
    clock.advance(0);
  });
});
