import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { stateDir } from '../support/daemon.ts';
import { eachDecidedOnce, sameEvents, sameFindings } from '../support/data-plane/comparison.ts';
import { isOfLines, type Remains, remainsOf } from '../support/data-plane/remains.ts';
import { Twins } from '../support/data-plane/twins.ts';
import { noJournald } from '../support/journald.ts';
import { SEED, seeded } from '../support/random.ts';

/** `BARTIZAN_KILL_ROUNDS` gives another number. */
const ROUNDS = Number(process.env['BARTIZAN_KILL_ROUNDS'] ?? 20);
/** Written while it is down, so that the next start has something to catch up with. */
const BACKLOG = 2000;

const random = seeded(SEED);

/** Where the kill falls. */
const DEATHS: Readonly<Record<string, (twins: Twins) => Promise<void>>> = {
  'in its start': async ({ disturbed }) => {
    void disturbed.launch();
    await pause(random() * 900);
  },
  'while it catches up': async ({ disturbed, files }) => {
    await files.write(BACKLOG);
    await disturbed.start();
    await pause(random() * 250);
  },
  'while it follows': async (twins) => {
    await twins.disturbed.start();
    const writing = twins.write(150);
    await pause(random() * 500);
    await twins.disturbed.kill();
    await writing;
  },
  'about a rotation': async (twins) => {
    await twins.disturbed.start();
    const writing = twins.write(60);
    await pause(random() * 300);
    if (random() < 0.5) await twins.disturbed.kill();
    await writing;
    await twins.files.rotate();
    twins.journal.rotate();
    await twins.files.write(12);
    await pause(random() * 100);
  },
};

test(`${ROUNDS} times kill -9 of the whole data plane: as if it had been left alone`, {
  skip: noJournald(),
  timeout: ROUNDS * 15_000 + 120_000,
}, async () => {
  await using twins = await Twins.start(await stateDir(), 1000 * (ROUNDS + 1));
  const { disturbed, calm } = twins;
  const deaths = Object.values(DEATHS);
  for (let round = 0; round < ROUNDS; round++) {
    await deaths[round % deaths.length]?.(twins);
    await disturbed.kill();
  }
  await disturbed.start();
  await twins.write(100);
  for (const daemon of [calm, disturbed]) await twins.allKept(daemon);
  await twins.allSentFound();
  const listed = await twins.edge.run('nft', '-j', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  await calm.stop();
  await disturbed.stop();
  const [left, expected] = [await remainsOf(disturbed.state), await remainsOf(calm.state)];
  sameFindings(left, expected, twins);
  const ofItself = left.findings.filter((finding) => !isOfLines(finding));
  assert.deepEqual(ofItself, [], 'a kill damages nothing');
  sameEvents(left, expected, twins);
  eachDecidedOnce(left, listed);
  report(twins, left);
});

function report({ files, journal, sender }: Twins, { findings, decisions, events }: Remains): void {
  const checks = new Set(findings.map(({ check }) => check)).size;
  const sent = [...sender.sent.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `${ROUNDS} kills (seed ${SEED}): ${files.written} lines in files, ${journal.written} in the journal, ${sent} attacks sent; ` +
      `${events.length} events kept, ${findings.length} findings of ${checks} checks, ${decisions.length} decisions`,
  );
}
