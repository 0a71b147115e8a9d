import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { segmentDisk, verifySegments } from '../../actors/segments/index.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { authLogChunks } from '../support/auth-log.ts';
import { collect } from '../support/collect.ts';
import { SEED, seeded } from '../support/random.ts';
import { temporary } from '../support/store-directory.ts';
import { storedLines } from '../support/stored-lines.ts';

/** `BARTIZAN_KILL_ROUNDS` gives another number. */
const ROUNDS = Number(process.env['BARTIZAN_KILL_ROUNDS'] ?? 8);
const LINES = 60_000;
/** The log has 220 chunks or so: lives this long leave something of it for more than half of eight. */
const LONGEST_LIFE = 45;
const SOURCE = 'f'.repeat(32);
const feeder = fileURLToPath(new URL('../support/event-feeder.js', import.meta.url));

interface Life {
  readonly said: readonly string[];
  readonly signal: string | null;
}

/** Lets a feeder live for so many chunks; with no number given until the log ends. */
async function live(state: string, log: string, most = Number.POSITIVE_INFINITY): Promise<Life> {
  const child = spawn(process.execPath, [...process.execArgv, feeder, state, log, SOURCE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout !== null);
  const ended = once(child, 'exit');
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (said.push(line) >= most) child.kill('SIGKILL');
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `ended with ${code} ${signal}`);
  return { said, signal };
}

test(`kill -9 at random points of ${ROUNDS} lives: every line is kept once, in order`, async () => {
  const random = seeded();
  const state = await temporary();
  const log = join(state, 'auth.log');
  const chunks = [...authLogChunks(LINES, SEED)];
  await writeFile(log, Buffer.concat(chunks));
  let kills = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { said, signal } = await live(state, log, 1 + random() * LONGEST_LIFE);
    assert.deepEqual(
      said.filter((line) => line.startsWith('damage')),
      [],
    );
    if (signal !== null) kills++;
  }
  const { said } = await live(state, log);
  assert.deepEqual(
    said.filter((line) => line.startsWith('damage')),
    [],
  );
  assert.ok(kills > ROUNDS / 2, `the log was over after ${kills} kills`);
  const framer = new LineFramer();
  const offsets = chunks.flatMap((chunk) => framer.push(chunk, framer.next)).map(({ offset }) => offset);
  const directory = join(state, 'events');
  const disk = segmentDisk(directory);
  const kept = await storedLines(disk);
  await disk.close();
  assert.deepEqual(
    kept.map(({ position }) => position.offset),
    offsets,
    `seed ${SEED}`,
  );
  const verdicts = await collect(verifySegments(directory));
  assert.deepEqual(
    verdicts.filter(({ kind }) => kind === 'damage'),
    [],
  );
});
