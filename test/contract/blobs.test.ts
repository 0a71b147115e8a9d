import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderDisk } from '../../actors/blobs/effects.ts';
import { BlobStore, type BlobStoreDeps } from '../../actors/blobs/store.ts';
import { createRecords, MemoryStore } from '../../actors/store/index.ts';
import type { NewBlob } from '../../core/api/blobs.ts';
import type { BlobRecord } from '../../core/base/blob.ts';
import { fail, ok } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import { settled } from '../support/settled.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** A store over a folder of its own; `again` is the same after a death. */
async function bench(t: TestContext, change: Partial<BlobStoreDeps> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const port = new MemoryStore();
  const clock = new SimulatedClock();
  const logs: unknown[] = [];
  const open = () =>
    new BlobStore({
      disk: folderDisk(folder),
      records: createRecords(port),
      clock,
      random: { bytes: (count) => randomBytes(count) },
      log: (...line) => logs.push(line),
      quota: 1_000_000,
      ...change,
    });
  const store = open();
  await store.start();
  const again = async () => {
    const next = open();
    await next.start();
    return next;
  };
  return { folder, port, clock, logs, store, again };
}

const blob = (content: string | Uint8Array, change: Partial<NewBlob> = {}): NewBlob => {
  const pieces = [content.slice(0, 10), content.slice(10)].map((piece) => Buffer.from(piece));
  return {
    content: { next: async () => ok(pieces.shift()) },
    name: 'a.bin',
    mediaType: 'text/plain',
    owner: 'operator',
    expiresAt: 'never',
    ...change,
  };
};

async function kept(
  store: BlobStore,
  content: string | Uint8Array,
  change: Partial<NewBlob> = {},
): Promise<BlobRecord> {
  const put = await store.put(blob(content, change));
  assert.ok(put.ok);
  return put.value;
}

async function read(store: BlobStore, record: BlobRecord, from = 0, length = record.size): Promise<string> {
  const source = await store.open(record, from, length);
  if (!source.ok) return source.code;
  const pieces: Uint8Array[] = [];
  for (let piece = await source.value.next(); piece; piece = await source.value.next()) pieces.push(piece);
  source.value.close();
  return Buffer.concat(pieces).toString('latin1');
}

const files = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

test('content lies under its hash, for its owner alone, and is read back whole and in part', async (t) => {
  const { folder, store } = await bench(t);
  const content = randomBytes(200_000);
  const record = await kept(store, content);
  const hash = sha256(content);
  assert.deepEqual([record.sha256, record.size, record.name, record.owner], [hash, 200_000, 'a.bin', 'operator']);
  const path = join(folder, hash.slice(0, 2), hash);
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual([statSync(path).mode & 0o777, statSync(join(path, '..')).mode & 0o777], [0o600, 0o700]);
  assert.equal(await read(store, record), content.toString('latin1'));
  assert.equal(await read(store, record, 70_000, 66_000), content.toString('latin1', 70_000, 136_000));
  assert.deepEqual(await store.find(record.id), record);
});

test('the same content is kept once, as long as anybody refers to it', async (t) => {
  const { folder, store } = await bench(t);
  const [one, two] = await Promise.all([kept(store, 'same'), kept(store, 'same', { name: 'b' })]);
  assert.deepEqual(files(folder), [sha256('same')]);
  assert.equal(store.component().counters['bytes'], 4);
  assert.ok((await store.delete(one.id)).ok);
  assert.equal(await read(store, two), 'same');
  assert.ok((await store.delete(two.id)).ok);
  assert.deepEqual([files(folder), store.component().counters['bytes']], [[], 0]);
  assert.deepEqual(await store.delete(two.id), fail('not_found', 'there is no such file'));
});

test('a read goes on when the file is deleted meanwhile; the next finds it gone', async (t) => {
  const { store } = await bench(t);
  const record = await kept(store, 'content');
  const source = await store.open(record, 0, 7);
  assert.ok(source.ok);
  await store.delete(record.id);
  assert.equal(Buffer.from((await source.value.next()) ?? '').toString(), 'content');
  source.value.close();
  assert.equal(await read(store, record), 'gone');
});

test('beyond the quota nothing is taken and nothing stays', async (t) => {
  const { folder, store } = await bench(t, { quota: 100 });
  await kept(store, 'x'.repeat(60));
  const refused = await store.put(blob('y'.repeat(41)));
  assert.equal(refused.ok ? 'kept' : refused.code, 'full');
  await kept(store, 'y'.repeat(40));
  assert.equal(files(folder).length, 2);
});

test('two that arrive at once share the quota', async (t) => {
  const { store } = await bench(t, { quota: 100 });
  const both = await Promise.all([store.put(blob('x'.repeat(60))), store.put(blob('y'.repeat(60)))]);
  assert.ok(both.filter(({ ok: isKept }) => isKept).length <= 1);
  await kept(store, 'z'.repeat(40));
});

test('content that fails half-way leaves nothing', async (t) => {
  const { folder, store } = await bench(t);
  let calls = 0;
  const next = async () => (calls++ === 0 ? ok(Buffer.from('half')) : fail('aborted', 'the client went away'));
  const put = await store.put(blob('', { content: { next } }));
  assert.deepEqual(put, fail('aborted', 'the client went away'));
  assert.deepEqual([files(folder), store.component().counters['bytes']], [[], 0]);
});

test('without a record there is no content, and with one of another it stays', async (t) => {
  const { folder, port, store } = await bench(t);
  port.failing = () => true;
  assert.equal((await store.put(blob('new'))).ok, false);
  assert.deepEqual(files(folder), []);
  port.failing = () => false;
  const record = await kept(store, 'old');
  port.failing = () => true;
  assert.equal((await store.put(blob('old'))).ok, false);
  const refused = await store.delete(record.id);
  assert.equal(refused.ok ? 'deleted' : refused.code, 'failed');
  assert.equal(await read(store, record), 'old');
});

for (const [code, refusal] of [
  ['ENOSPC', 'full'],
  ['EIO', 'failed'],
] as const)
  test(`${code} while writing is ${refusal}, and the half is removed`, async (t) => {
    const { folder } = await bench(t);
    const disk = folderDisk(folder);
    const failing = {
      ...disk,
      stage: async () => ({
        ...(await disk.stage()),
        write: () => Promise.reject(Object.assign(new Error(code), { code })),
      }),
    };
    const { store } = await bench(t, { disk: failing });
    const put = await store.put(blob('content'));
    assert.equal(put.ok ? 'kept' : put.code, refusal);
    assert.deepEqual(files(folder), []);
  });

test('an expired file is not found, and its content goes with the next sweep', async (t) => {
  const { folder, clock, store } = await bench(t);
  const record = await kept(store, 'short', { expiresAt: millis(clock.now() + 1000) });
  const other = await kept(store, 'long');
  clock.advance(1000);
  assert.equal(await store.find(record.id), undefined);
  assert.deepEqual(await store.list({ limit: 10 }), [other]);
  clock.advance(600_000);
  for (let i = 0; i < 1000 && files(folder).length > 1; i++) await settled();
  assert.deepEqual(files(folder), [sha256('long')]);
  await store.stop();
  assert.equal(clock.pending, 0);
});

test('the list is newest first and pages', async (t) => {
  const { clock, store } = await bench(t);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    clock.advance(1);
    ids.unshift((await kept(store, String(i))).id);
  }
  const page = async (before?: string) =>
    (await store.list({ limit: 2, ...(before === undefined ? {} : { before }) })).map(({ id }) => id);
  assert.deepEqual(await page(), ids.slice(0, 2));
  assert.deepEqual(await page(ids[1]), ids.slice(2, 4));
  assert.deepEqual(await page(ids[3]), ids.slice(4));
});

test('a start empties what was arriving, gives lost content a record for a week, and leaves alone what is not ours', async (t) => {
  const { folder, clock, store, again } = await bench(t);
  const record = await kept(store, 'wanted');
  const orphan = sha256('orphan');
  mkdirSync(join(folder, orphan.slice(0, 2)), { recursive: true });
  writeFileSync(join(folder, orphan.slice(0, 2), orphan), 'orphan');
  writeFileSync(join(folder, 'incoming', '99'), 'half');
  writeFileSync(join(folder, 'README'), 'by hand');
  const next = await again();
  assert.deepEqual(files(folder), ['README', sha256('wanted'), orphan].sort());
  assert.equal(await read(next, record), 'wanted');
  assert.deepEqual(next.component().counters, { bytes: 12, quota: 1_000_000, files: 2 });
  const recovered = (await next.list({ limit: 10 })).find(({ owner }) => owner === 'recovered');
  assert.ok(recovered);
  assert.equal(await read(next, recovered), 'orphan');
  clock.advance(7 * 24 * 3_600_000);
  clock.advance(600_000);
  for (let i = 0; i < 1000 && files(folder).length > 2; i++) await settled();
  assert.deepEqual(files(folder), ['README', sha256('wanted')].sort());
});

test('content that went missing is said, and can be brought again', async (t) => {
  const { folder, store, again } = await bench(t);
  const record = await kept(store, 'precious');
  rmSync(join(folder, record.sha256.slice(0, 2), record.sha256));
  const next = await again();
  assert.match(next.component().message ?? '', /^1 files/);
  assert.equal(await read(next, record), 'gone');
  await kept(next, 'precious');
  assert.equal(await read(next, record), 'precious');
  assert.equal(next.component().state, 'ok');
});

test('a store that is stopped takes nothing, one started again does', async (t) => {
  const { folder, store } = await bench(t);
  await store.stop();
  assert.deepEqual(await store.put(blob('x')), fail('failed', 'files are not taken at present'));
  await store.start();
  await kept(store, 'x');
  assert.ok(existsSync(join(folder, 'incoming')));
});
