import assert from 'node:assert/strict';
import { open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifySegments } from '../../actors/segments/index.ts';
import { EVENTS_DIRECTORY } from '../../core/event/kept.ts';
import { collect } from '../support/collect.ts';
import { type Daemon, stateDir } from '../support/daemon.ts';
import { keptAtMostOnce, sameFindings } from '../support/data-plane/comparison.ts';
import { isOfLines, remainsOf } from '../support/data-plane/remains.ts';
import { Twins } from '../support/data-plane/twins.ts';
import { noJournald } from '../support/journald.ts';
import { SEED, seeded } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

/** More than a block, so that a segment has one and a tail beside it. */
const LINES = 4500;
const random = seeded(SEED);

type Damage = (path: string) => Promise<void>;

/** Writes over so many bytes, somewhere from a place on. */
const overwrite =
  (count: number, from: (size: number) => number): Damage =>
  async (path) => {
    const file = await open(path, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(count, 0xa5), 0, count, Math.min(from(size), size - 1));
    await file.close();
  };

const cut: Damage = async (path) => truncate(path, Math.floor(random() * (await stat(path)).size));

/** Of the segment being written: what is hurt, how, and whether the next start sees it or the next who reads it. */
const OF_EVENTS: readonly (readonly [string, RegExp, Damage, 'at the start' | 'when read'])[] = [
  ['the head of a segment', /\.open$/, overwrite(40, () => 0), 'at the start'],
  ['the middle of a segment', /\.open$/, overwrite(8, (size) => size / 2 + (random() * size) / 4), 'when read'],
  ['a segment cut to any length', /\.open$/, cut, 'at the start'],
  ['a tail', /\.tail-\d+$/, overwrite(64, (size) => random() * size), 'at the start'],
  ['a tail cut to any length', /\.tail-\d+$/, cut, 'at the start'],
  ['a segment gone', /\.open$/, (path) => rm(path), 'at the start'],
];

/**
 * What is hurt, how, and whether that must be told or only a loss must. A log or a manifest that ends early may be what a
 * kill leaves: then the store is as it was a moment before, with the cursors of that moment, and what came since is read
 * again.
 */
const OF_STORE: readonly (readonly [string, RegExp, Damage, 'told' | 'told if anything is lost'])[] = [
  ['CURRENT', /^CURRENT$/, (path) => writeFile(path, 'MANIFEST-999999\n'), 'told'],
  ['the manifest cut to any length', /^MANIFEST/, cut, 'told if anything is lost'],
  ['the log cut to any length', /\d\.log$/, cut, 'told if anything is lost'],
  ['the log', /\d\.log$/, overwrite(64, (size) => random() * size * 0.8), 'told if anything is lost'],
  ['a table', /\.ldb$/, overwrite(64, (size) => random() * size), 'told'],
];
const DAMAGED = 'store damaged';

/** The largest of the files that a pattern names. */
async function victim(directory: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(directory)).filter((name) => pattern.test(name));
  const sizes = await Promise.all(
    names.map(async (name) => ({ name, size: (await stat(join(directory, name))).size })),
  );
  const [largest] = sizes.sort((a, b) => b.size - a.size);
  return join(directory, largest?.name ?? assert.fail(`no ${pattern} in ${directory}`));
}

const told = async (daemon: Daemon, check: string): Promise<number> =>
  (await daemon.call('GET', '/api/v1/findings')).body.filter((one: { check: string }) => one.check === check).length;

const isRead = async ({ disturbed }: Twins, before: number): Promise<void> => {
  await waitFor('new lines to be judged', async () => {
    const { body } = await disturbed.call('GET', '/api/v1/status');
    return body.history_count > before || undefined;
  });
};

/** Writes an attack that must be found. */
async function goOn(twins: Twins): Promise<void> {
  const before = (await twins.disturbed.call('GET', '/api/v1/status')).body.history_count;
  twins.journal.write();
  await twins.write(60);
  await isRead(twins, before);
}

/** Until the segment has a block again. */
async function fill({ files }: Twins, directory: string): Promise<void> {
  await files.write(LINES);
  const hasBlock = async (): Promise<true | undefined> =>
    (await stat(await victim(directory, /\.open$/))).size > 10_000 || undefined;
  await waitFor('a block', hasBlock);
}

test('damaged events: told, what can be read is read, and nothing that is found changes', {
  skip: noJournald(),
  timeout: 120_000,
}, async (t) => {
  await using twins = await Twins.start(await stateDir(), 7 * LINES);
  const { disturbed } = twins;
  const directory = join(disturbed.state, EVENTS_DIRECTORY);
  await disturbed.start();
  for (const [what, pattern, damage, seen] of OF_EVENTS) {
    await fill(twins, directory);
    await disturbed.stop();
    await damage(await victim(directory, pattern));
    if (seen === 'when read') {
      const found = (await collect(verifySegments(directory))).filter(({ kind }) => kind === 'damage');
      assert.ok(found.length > 0, what);
    }
    const before = disturbed.output.length;
    await disturbed.start();
    if (seen === 'at the start') {
      await said(disturbed, before, /stored events are damaged/, what);
      await waitFor(what, async () => (await told(disturbed, 'event_damage')) > 0 || undefined);
      const { body } = await disturbed.call('GET', '/api/v1/status');
      const segments = body.components.find(({ name }: { name: string }) => name === 'segments');
      assert.equal(segments.state, 'degraded', what);
    }
    await goOn(twins);
    t.diagnostic(`${what}: ${await told(disturbed, 'event_damage')} findings of damage`);
  }
  assert.ok(
    (await readdir(directory)).some((name) => name.endsWith('.damaged')),
    'what was cut off is kept aside',
  );
  await twins.settle();
  await twins.allKept(twins.calm);
  await twins.allSentFound();
  await twins.calm.stop();
  await disturbed.stop();
  const left = await remainsOf(disturbed.state);
  sameFindings(left, await remainsOf(twins.calm.state), twins);
  keptAtMostOnce(left);
});

test('a damaged store: repaired, its copy kept, told; what can be recovered or read again is, and nothing is found twice', {
  skip: noJournald(),
  timeout: 120_000,
}, async () => {
  await using twins = await Twins.start(await stateDir(), 2 * LINES);
  const { disturbed, files } = twins;
  await disturbed.start();
  await files.write(LINES);
  await twins.allKept(disturbed);
  let known = new Set<string>();
  for (const [what, pattern, damage, outcome] of OF_STORE) {
    await goOn(twins);
    await disturbed.stop();
    await damage(await victim(join(disturbed.state, 'store'), pattern));
    const before = disturbed.output.length;
    await disturbed.start();
    if (outcome === 'told') await isTold(disturbed, before, what);
    await goOn(twins);
    await disturbed.stop();
    const ids = (await remainsOf(disturbed.state)).findings.filter(isOfLines).map(({ id }) => id);
    const after = new Set<string>(ids);
    assert.equal(after.size, ids.length, `${what}: a finding is there twice`);
    const gone = [...known].filter((id) => !after.has(id));
    assert.ok(
      gone.length === 0 || disturbed.output.slice(before).includes(DAMAGED),
      `${what}: ${gone.length} gone in silence`,
    );
    known = after;
    await disturbed.start();
  }
});

/** In the log, as a finding, and by a copy. */
async function isTold(daemon: Daemon, before: number, what: string): Promise<void> {
  await said(daemon, before, new RegExp(DAMAGED), what);
  await waitFor(what, async () => (await told(daemon, 'store_damage')) > 0 || undefined);
  assert.ok(
    (await readdir(daemon.state)).some((name) => name.startsWith('store.damaged')),
    what,
  );
}

async function said(daemon: Daemon, from: number, words: RegExp, what: string): Promise<void> {
  await waitFor(`word of ${what} (seed ${SEED})`, () => words.test(daemon.output.slice(from)) || undefined);
}
