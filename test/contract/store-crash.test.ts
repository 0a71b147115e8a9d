import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findings } from '../../core/keys/records.ts';
import { seeded } from '../support/random.ts';
import { someFinding } from '../support/some-finding.ts';
import { contents, openIn, temporary } from '../support/store-directory.ts';

const ROUNDS = 20;
const writer = fileURLToPath(new URL('../support/store-writer.js', import.meta.url));

const startWriter = (place: string, first: number, errors: 'inherit' | 'ignore' = 'inherit'): ChildProcess =>
  spawn(process.execPath, [...process.execArgv, writer, place, String(first)], { stdio: ['ignore', 'pipe', errors] });

/** Lets the writer acknowledge `batches` more, kills it, and returns the last batch it acknowledged. */
async function killAfter(child: ChildProcess, batches: number, first: number): Promise<number> {
  assert.ok(child.stdout !== null);
  const ended = once(child, 'exit');
  let last = first - 1;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last === first + batches) child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
  return last;
}

test(`kill -9 while writing, ${ROUNDS} times: what was acknowledged is there, every batch whole or absent`, async () => {
  const place = await temporary();
  const random = seeded();
  let next = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await killAfter(startWriter(place, next), Math.floor(random() * 120), next);
    const { store, damages } = await openIn(place);
    assert.deepEqual(damages, [], 'a kill is no damage');
    const records = new Map((await contents(store.port)).filter(([key]) => /^(?:part|batch)!/.test(key)));
    const batches = [...records.keys()].filter((key) => key.startsWith('batch!')).length;
    assert.ok(
      batches > acknowledged && batches <= acknowledged + 2,
      `${batches} batches, ${acknowledged} acknowledged`,
    );
    for (let i = 0; i < 10; i++) {
      assert.equal((records.get(`part!${i}`) as { n: number }).n, batches - 1, 'parts of one batch');
    }
    const serials: number[] = [];
    const found = new Set<string>();
    for await (const [[serial], finding] of store.records.list(findings, [])) {
      serials.push(serial);
      found.add(finding.id);
    }
    assert.deepEqual(
      serials,
      Array.from(serials, (_, i) => i + 1),
      'serials without gaps',
    );
    assert.equal(found.size, serials.length, 'no finding twice');
    for (let n = next; n <= acknowledged; n++) assert.ok(found.has(someFinding(n).id), `finding ${n}`);
    await store.service.stop();
    next = batches;
  }
});

test('a second process with the same state directory is refused and told who holds it', async () => {
  const place = await temporary();
  const child = startWriter(place, 0);
  try {
    assert.ok(child.stdout !== null);
    await once(child.stdout, 'data');
    await assert.rejects(openIn(place), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'locked');
      assert.match(error.message, new RegExp(`process ${child.pid}: another bartizan`));
      return true;
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await (await openIn(place)).store.service.stop();
});

test('of two that start at the same moment at most one gets the store', async () => {
  const place = await temporary();
  for (let round = 0; round < 5; round++) {
    const children = [startWriter(place, 0, 'ignore'), startWriter(place, 0, 'ignore')];
    const writes = children.map(async (child) => {
      assert.ok(child.stdout !== null);
      for await (const _ of createInterface(child.stdout)) return true;
      return false;
    });
    const wrote = await Promise.all(writes);
    assert.notDeepEqual(wrote, [true, true]);
    for (const child of children) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  const { store, damages } = await openIn(place);
  assert.deepEqual(damages, []);
  await assert.rejects(openIn(place), { code: 'locked' }, 'nor twice within one process');
  await store.service.stop();
});

test('a state directory that is no directory is refused with the reason', async () => {
  const place = await temporary();
  await writeFile(join(place, 'state'), '');
  await assert.rejects(openIn(join(place, 'state')), { code: 'denied' });
  await mkdir(join(place, 'other'));
  await writeFile(join(place, 'other/store'), '');
  await assert.rejects(openIn(join(place, 'other')), { code: 'denied' });
});
