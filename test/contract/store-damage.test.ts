import assert from 'node:assert/strict';
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StorePort } from '../../actors/store/index.ts';
import { LevelBase } from '../../actors/store/level.ts';
import { findings } from '../../core/keys/records.ts';
import { seeded } from '../support/random.ts';
import { someFinding } from '../support/some-finding.ts';
import { contents, copiesIn, openIn, temporary } from '../support/store-directory.ts';

const RECORDS = 3000;
const recordOf = (n: number) => ({ n, text: `record ${n} `.repeat(20) });
const keyOf = (n: number) => `k${String(n).padStart(6, '0')}`;

/** A closed store with several tables and a write-ahead log that holds the last records. */
async function filled(): Promise<string> {
  const place = await temporary();
  for (const part of [0, 1, 2]) {
    const { store } = await openIn(place);
    for (let n = part; n < RECORDS; n += 3 * 50) {
      const ops = Array.from({ length: 50 }, (_, i) => n + 3 * i).filter((m) => m < RECORDS);
      await store.port.commit(
        ops.map((m) => ({ put: keyOf(m), value: recordOf(m) })),
        { sync: true },
      );
    }
    await store.service.stop();
  }
  return place;
}

async function files(place: string, pattern: RegExp): Promise<string[]> {
  const names = (await readdir(join(place, 'store'))).filter((name) => pattern.test(name)).sort();
  return names.map((name) => join(place, 'store', name));
}

async function largest(place: string, pattern: RegExp): Promise<string> {
  const all = await Promise.all(
    (await files(place, pattern)).map(async (path) => ({ path, size: (await stat(path)).size })),
  );
  const found = all.sort((a, b) => b.size - a.size)[0];
  assert.ok(found !== undefined && found.size > 0);
  return found.path;
}

/** Flips one bit in each of `count` bytes. */
async function flip(path: string, count: number, random: () => number): Promise<void> {
  const bytes = await readFile(path);
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  await writeFile(path, bytes);
}

/** What is there must be what was written; returns how much is. */
async function intact(port: StorePort): Promise<number> {
  const found = await contents(port);
  for (const [key, value] of found) assert.deepEqual(value, recordOf(Number(key.slice(1))));
  return found.length;
}

const TABLE = /\.ldb$/;
const LOG = /\d\.log$/;

const DAMAGES: Readonly<Record<string, (place: string) => Promise<void>>> = {
  'CURRENT deleted': (place) => rm(join(place, 'store/CURRENT')),
  'CURRENT empty': (place) => truncate(join(place, 'store/CURRENT')),
  'CURRENT names a manifest that is not there': (place) => writeFile(join(place, 'store/CURRENT'), 'MANIFEST-999999\n'),
  'CURRENT is garbage': (place) => writeFile(join(place, 'store/CURRENT'), Buffer.alloc(100, 0xfe)),
  'manifest deleted': async (place) => rm(await largest(place, /^MANIFEST/)),
  'manifest truncated': async (place) => truncate(await largest(place, /^MANIFEST/), 20),
  'manifest is garbage': async (place) => writeFile(await largest(place, /^MANIFEST/), Buffer.alloc(400, 0x5a)),
  'table deleted': async (place) => rm(await largest(place, TABLE)),
  'table truncated': async (place) => truncate(await largest(place, TABLE), 1000),
  'table empty': async (place) => truncate(await largest(place, TABLE)),
  'table is garbage': async (place) => writeFile(await largest(place, TABLE), Buffer.alloc(5000, 0x5a)),
  'log deleted': async (place) => rm(await largest(place, LOG)),
  'log damaged in the middle': async (place) => {
    const file = await open(await largest(place, LOG), 'r+');
    await file.write(Buffer.alloc(64, 0x5a), 0, 64, 5000);
    await file.close();
  },
};

for (const [name, damage] of Object.entries(DAMAGES))
  test(`${name}: repaired, copy kept, told`, async () => {
    const place = await filled();
    await damage(place);
    const { store, damages } = await openIn(place);
    assert.equal(damages.length, 1);
    assert.equal(store.port.health().state, 'repaired');
    const kept = await intact(store.port);
    assert.ok(kept >= (name.includes('CURRENT') || name.includes('manifest') ? RECORDS : 1), `${kept} records`);
    assert.deepEqual(
      [damages[0]?.copy],
      (await copiesIn(place)).map((copy) => join(place, copy)),
    );
    assert.ok((await store.port.commit([{ put: 'k000000', value: recordOf(0) }], { sync: true })).ok);
    await store.service.stop();
    const again = await openIn(place);
    assert.deepEqual(again.damages, [], 'once repaired it is whole');
    assert.ok((await intact(again.store.port)) >= kept);
    await again.store.service.stop();
  });

test('flipped bits: every record read is one that was written, and any loss is told', async () => {
  const random = seeded();
  for (let round = 0; round < 12; round++) {
    const place = await filled();
    const victim = [TABLE, LOG, /^MANIFEST/][round % 3] ?? TABLE;
    await flip(await largest(place, victim), 1 + (round % 4), random);
    const { store, damages } = await openIn(place);
    const kept = await intact(store.port);
    assert.ok(kept === RECORDS || damages.length > 0, `round ${round}: ${RECORDS - kept} records went in silence`);
    await store.service.stop();
  }
});

test('the damaged copy is the store as it was found', async () => {
  const place = await filled();
  const table = await largest(place, TABLE);
  await truncate(table, 1000);
  const before = new Map<string, Buffer>();
  for (const path of await files(place, /^(?!LOCK|LOG)/)) before.set(path.replace(/^.*\//, ''), await readFile(path));
  const { store, damages } = await openIn(place);
  for (const [name, bytes] of before) assert.deepEqual(await readFile(join(damages[0]?.copy ?? '', name)), bytes, name);
  await store.service.stop();
});

test('beyond repair: set aside, begun anew, told', async () => {
  const place = await temporary();
  await (await openIn(place)).store.service.stop();
  for (const path of await files(place, /./)) await rm(path);
  for (const name of ['CURRENT', '000009.ldb']) await rename(await garbage(place, name), join(place, 'store', name));
  const { store, damages } = await openIn(place);
  assert.ok(['replaced', 'repaired'].includes(damages[0]?.kind ?? ''), damages[0]?.message);
  assert.deepEqual(await contents(store.port), []);
  assert.equal((await copiesIn(place)).length, 1);
  await store.service.stop();
});

async function garbage(place: string, name: string): Promise<string> {
  const path = join(place, name);
  await writeFile(path, Buffer.alloc(3000, 0xa5));
  return path;
}

test('a record that was written wrongly is found when it is read, and left out by a restart of the store', async () => {
  const place = await filled();
  const base = await LevelBase.open(join(place, 'store'), { create: false });
  await base.write([['k000007', '1:{"n":1}']], true);
  await base.close();
  const { store, damages } = await openIn(place);
  const crashes: unknown[] = [];
  await store.service.start((cause) => crashes.push(cause));
  await assert.rejects(contents(store.port));
  assert.equal(crashes.length, 1);
  await store.service.stop();
  await store.service.start(() => {});
  assert.equal(damages[0]?.kind, 'repaired');
  assert.equal(await intact(store.port), RECORDS - 1);
  await store.service.stop();
});

test('what a compaction left behind when it was killed is no damage', async () => {
  const place = await filled();
  await writeFile(join(place, 'store/000999.ldb'), Buffer.alloc(3000, 0x5a));
  const { store, damages } = await openIn(place);
  assert.deepEqual(damages, []);
  assert.equal(await intact(store.port), RECORDS);
  await store.service.stop();
});

test('at most two damaged copies are kept, the newest', async () => {
  const place = await filled();
  const seen: string[] = [];
  for (let round = 0; round < 4; round++) {
    await rm(join(place, 'store/CURRENT'));
    const { store, damages } = await openIn(place);
    seen.push(damages[0]?.copy?.replace(/^.*\//, '') ?? '');
    await store.service.stop();
  }
  assert.deepEqual(await copiesIn(place), seen.slice(2));
});

test('an opening that was killed half-way through a repair begins again from the store as it was', async () => {
  const place = await filled();
  await rename(join(place, 'store'), join(place, 'store.before-open'));
  const { store, damages } = await openIn(place);
  assert.equal(await intact(store.port), RECORDS);
  assert.deepEqual(damages, []);
  await store.service.stop();
  assert.deepEqual(await readdir(place), ['store']);
});

test('index entries and serials are right after a repair', async () => {
  const place = await temporary();
  const first = await openIn(place);
  for (let n = 0; n < 300; n += 50) {
    await first.store.records.write(async (writes) => {
      for (let i = 0; i < 50; i++) await writes.append(findings, someFinding(n + i));
    });
  }
  await first.store.service.stop();
  await (await openIn(place)).store.service.stop();
  await flip(await largest(place, TABLE), 30, seeded(7));
  const { store, damages } = await openIn(place);
  assert.equal(damages.length, 1);
  const serials: number[] = [];
  for await (const [[serial], finding] of store.records.list(findings, [])) {
    serials.push(serial);
    const found = [];
    for await (const [key] of store.records.find(findings, 'id', [finding.id])) found.push(key[0]);
    assert.deepEqual(found, [serial]);
  }
  const written = await store.records.write((writes) => writes.append(findings, someFinding(1000)));
  assert.ok(written.ok && written.value.serial > (serials.at(-1) ?? 0));
  await store.service.stop();
});
