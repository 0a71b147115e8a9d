import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eachDecidedOnce, keptAtMostOnce, sameEvents, sameFindings } from '../support/data-plane/comparison.ts';
import { type Remains, remainsOf } from '../support/data-plane/remains.ts';
import { SmallDisk } from '../support/data-plane/small-disk.ts';
import { Twins } from '../support/data-plane/twins.ts';
import { noJournald } from '../support/journald.ts';
import { SEED, seeded } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

const FILLINGS = 4;
const LINES = 8000;
const random = seeded(SEED);

async function outcome(twins: Twins): Promise<{ readonly left: Remains; readonly expected: Remains }> {
  await twins.settle();
  await twins.allKept(twins.calm);
  await twins.allSentFound();
  const listed = await twins.edge.run('nft', '-j', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  await twins.calm.stop();
  await twins.disturbed.stop();
  const [left, expected] = [await remainsOf(twins.disturbed.state), await remainsOf(twins.calm.state)];
  sameFindings(left, expected, twins);
  eachDecidedOnce(left, listed);
  return { left, expected };
}

test(`a disk that is full ${FILLINGS} times at random points, at kills and starts too: every finding, and it says so`, {
  skip: noJournald(),
  timeout: 180_000,
}, async () => {
  await using disk = await SmallDisk.mount(24);
  await using twins = await Twins.start(disk.state, LINES);
  const { disturbed } = twins;
  await disturbed.start();
  for (let filling = 0; filling < FILLINGS; filling++) {
    const writing = twins.write(300);
    await pause(random() * 400);
    await disk.fill();
    await writing;
    await twins.write(100);
    // Not at the last: what is told in memory goes with a kill, and is told in the log.
    const isKilled = filling % 2 === 0;
    if (isKilled) {
      await disturbed.kill();
      void disturbed.launch();
      await waitFor('the full disk to be told', () => /No space left/.test(disturbed.output) || undefined);
      await twins.write(100);
      await pause(random() * 500);
      if (random() < 0.5) await disturbed.kill();
    }
    await disk.free();
    if (!isKilled) continue;
    await disturbed.kill();
    await disturbed.start();
  }
  const { left } = await outcome(twins);
  keptAtMostOnce(left);
  const inLog = disturbed.output.match(/store damaged/g)?.length ?? 0;
  assert.ok(inLog >= 2, `${inLog} times in the log`);
  assert.ok(left.findings.some(({ check }) => check === 'store_damage'));
  console.log(`${left.findings.length} findings, ${left.events.length} of ${twins.written} lines kept (seed ${SEED})`);
});

test('a disk that is read-only at a start, and at a kill: every finding, every line once, and it says so', {
  skip: noJournald(),
  timeout: 120_000,
}, async () => {
  await using disk = await SmallDisk.mount(24);
  await using twins = await Twins.start(disk.state, LINES);
  const { disturbed } = twins;
  await disturbed.start();
  await twins.write(200);
  await disturbed.kill();
  await disk.remount('ro');
  for (let start = 0; start < 2; start++) {
    const before = disturbed.output.length;
    void disturbed.launch();
    await waitFor(
      'the read-only disk to be told',
      () => /[Rr]ead-only/.test(disturbed.output.slice(before)) || undefined,
    );
    await twins.write(200);
    await pause(random() * 500);
    await disturbed.kill();
  }
  await disk.remount('rw');
  await disturbed.start();
  await twins.write(100);
  await twins.allKept(disturbed);
  const { left, expected } = await outcome(twins);
  sameEvents(left, expected, twins);
});
