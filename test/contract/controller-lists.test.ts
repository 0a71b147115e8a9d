import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import type { Publication } from '../../actors/controller/broker-link.ts';
import { Happenings } from '../../actors/controller/happenings.ts';
import { KeyFolder } from '../../actors/controller/key-folder.ts';
import { FleetLists } from '../../actors/controller/lists.ts';
import { Press } from '../../actors/controller/press.ts';
import {
  decodeEnvelope,
  decodeListChange,
  decodeListContent,
  decodeOrder,
  digestOf,
  encodeListContent,
} from '../../actors/link-wire/index.ts';
import { createRecords, MemoryStore } from '../../actors/store/index.ts';
import type { ListManifest } from '../../core/link/list.ts';
import { changed, decodeContents, encodeContent } from '../../core/link/list-content.ts';
import { listManifestTopic, listPartTopic } from '../../core/link/topics.ts';
import { NO_COLUMNS, totalOf } from '../../core/respond/lists/columns.ts';
import { KeptBroker } from '../support/link/kept-broker.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

async function* text(lines: readonly string[]): AsyncIterable<Uint8Array> {
  yield Buffer.from(lines.join('\n'));
}

const address = (number: number): string => `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => address((from + i) * 3));

/** A broker that a controller loses when it says something. */
class LostBroker extends KeptBroker {
  losesAt: (publication: Publication) => boolean = () => false;

  override publish(publication: Publication): Promise<void> {
    return this.losesAt(publication) ? Promise.reject(new Error('killed')) : super.publish(publication);
  }
}

/** `again` makes what a controller has that was started again. */
type Run = (
  lists: FleetLists,
  broker: LostBroker,
  keys: KeyFolder,
  more: { readonly folder: string; readonly again: () => FleetLists },
) => Promise<void>;

async function site(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-lists-'));
  const [clock, random] = [new SimulatedClock(), seededRandom(1)];
  const records = createRecords(new MemoryStore());
  const keys = new KeyFolder(join(folder, 'keys'), random);
  const broker = new LostBroker();
  const press = new Press({ tenant: 'acme', clock, random, records, keys });
  const happenings = new Happenings(clock);
  const link = () => broker;
  const made = () => new FleetLists({ tenant: 'acme', clock, log: () => {}, records, happenings, press, link, folder });
  try {
    await run(made(), broker, keys, { folder, again: made });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function manifestOf(broker: KeptBroker, name: string): ListManifest & { readonly generation: number } {
  const envelope = decodeEnvelope(broker.retained.get(listManifestTopic('acme', name)) ?? new Uint8Array(0));
  assert.ok(envelope.ok);
  const order = decodeOrder(envelope.value.payload);
  assert.ok(order.ok && order.value.kind === 'list');
  return { ...order.value.list, generation: order.value.generation };
}

function partOf(broker: KeptBroker, sha256: ListManifest['contentSha256']): Uint8Array {
  const bytes = broker.retained.get(listPartTopic('acme', sha256));
  assert.ok(bytes !== undefined && digestOf(bytes) === sha256, 'a part is there under its own name');
  return zstdDecompressSync(bytes);
}

function wholeOf(broker: KeptBroker, { whole }: ListManifest) {
  const contents = whole.map(({ sha256 }) => {
    const content = decodeListContent(partOf(broker, sha256));
    assert.ok(content.ok);
    return content.value;
  });
  const columns = decodeContents(contents, 1_000_000);
  assert.ok(columns.ok);
  return columns.value;
}

test('a list comes in parts by their hash, its changes as deltas, and what nobody needs goes', async () => {
  await site(async (lists, broker, keys, { folder }) => {
    const signer = await keys.make('ops');
    assert.ok(signer.ok);
    const publish = async (lines: readonly string[]) => {
      const done = await lists.publish('bad-guys', 'block', text(lines), signer.value);
      assert.ok(done.ok, done.ok ? '' : done.public);
      return done.value;
    };
    const first = await publish(numbers(0, 80_000));
    assert.deepEqual([first.generation, first.entries, first.deltaBytes], [1, 80_000, undefined]);
    const before = manifestOf(broker, 'bad-guys');
    assert.equal(before.whole.length, 2);
    const old = wholeOf(broker, before);

    const second = await publish(numbers(500, 80_500));
    assert.ok((second.deltaBytes ?? 1e9) < 64 * 1024, `${second.deltaBytes} bytes for 1,000 changes`);
    const after = manifestOf(broker, 'bad-guys');
    const [delta] = after.deltas;
    assert.ok(delta !== undefined && delta.fromGeneration === 1 && delta.fromSha256 === before.contentSha256);
    const change = decodeListChange(partOf(broker, delta.part.sha256));
    assert.ok(change.ok);
    const now = changed(old, change.value);
    assert.deepEqual(now, { ok: true, value: wholeOf(broker, after) });
    const content = encodeListContent(encodeContent(wholeOf(broker, after)));
    assert.equal(content.ok && digestOf(content.value), after.contentSha256);

    for (const { sha256 } of before.whole) partOf(broker, sha256);
    await publish(numbers(1000, 80_000));
    const last = manifestOf(broker, 'bad-guys');
    assert.deepEqual(
      last.deltas.map(({ fromGeneration }) => fromGeneration),
      [2, 1],
    );
    for (const [i, from] of [wholeOf(broker, after), old].entries()) {
      const way = decodeListChange(partOf(broker, last.deltas[i]?.part.sha256 ?? last.contentSha256));
      assert.ok(way.ok);
      assert.deepEqual(changed(from, way.value), { ok: true, value: wholeOf(broker, last) });
    }
    assert.deepEqual(await readdir(join(folder, 'bad-guys')), ['1-3.zst', '2-3.zst', '3.zst']);
    for (const { sha256 } of before.whole) assert.equal(broker.retained.has(listPartTopic('acme', sha256)), false);
    const again = await lists.publish('bad-guys', 'block', text(numbers(1000, 80_000)), signer.value);
    assert.equal(again.ok, false);

    const gone = await lists.withdraw('bad-guys', signer.value);
    assert.deepEqual(gone, { ok: true, value: 4 });
    const withdrawn = manifestOf(broker, 'bad-guys');
    assert.ok(withdrawn.withdrawn && totalOf(NO_COLUMNS) === withdrawn.entries);
    assert.equal(broker.retained.size, 1);
  });
});

test('what is withdrawn while it is published is withdrawn behind that', async () => {
  await site(async (lists, broker, keys) => {
    const signer = await keys.make('ops');
    assert.ok(signer.ok);
    assert.ok((await lists.publish('bad-guys', 'block', text(numbers(0, 1000)), signer.value)).ok);
    const [published, withdrawn] = await Promise.all([
      lists.publish('bad-guys', 'block', text(numbers(500, 1500)), signer.value),
      lists.withdraw('bad-guys', signer.value),
    ]);
    assert.ok(published.ok);
    assert.deepEqual(withdrawn, { ok: true, value: 3 });
    assert.ok(manifestOf(broker, 'bad-guys').withdrawn);
    assert.equal(broker.retained.size, 1);
  });
});

test('a controller that is killed between its words about a list says the rest when it is started again', async () => {
  await site(async (lists, broker, keys, { again }) => {
    const signer = await keys.make('ops');
    assert.ok(signer.ok);
    const isManifest = ({ topic }: Publication): boolean => topic === listManifestTopic('acme', 'bad-guys');
    const content = numbers(0, 1000);
    broker.losesAt = isManifest;
    await assert.rejects(lists.publish('bad-guys', 'block', text(content), signer.value), /killed/);
    broker.losesAt = () => false;
    await again().publishLeft();
    assert.equal(totalOf(wholeOf(broker, manifestOf(broker, 'bad-guys'))), 1000);

    broker.losesAt = ({ payload }) => payload.length === 0;
    await assert.rejects(again().withdraw('bad-guys', signer.value), /killed/);
    assert.ok(manifestOf(broker, 'bad-guys').withdrawn);
    broker.losesAt = () => false;
    const after = await again().publish('bad-guys', 'block', text(content), signer.value);
    assert.ok(after.ok, after.ok ? '' : after.public);
    assert.equal(totalOf(wholeOf(broker, manifestOf(broker, 'bad-guys'))), 1000);
    assert.equal(
      (await again().all()).some(({ envelope }) => envelope !== undefined),
      false,
    );
  });
});

test('what is no list is refused and changes nothing', async () => {
  await site(async (lists, broker, keys) => {
    const signer = await keys.make('ops');
    assert.ok(signer.ok);
    for (const [name, lines] of [
      ['Bad Guys', ['192.0.2.1']],
      ['bad', ['<html>', 'x']],
      ['bad', ['one', 'two', '192.0.2.1']],
    ] as const) {
      assert.equal((await lists.publish(name, 'block', text(lines), signer.value)).ok, false);
    }
    assert.equal(broker.retained.size, 0);
  });
});

test('a list of a key that is believed no longer is signed by another one, and its next difference follows', async () => {
  await site(async (lists, broker, keys) => {
    const [old, other] = [await keys.make('ops'), await keys.make('other')];
    assert.ok(old.ok && other.ok);
    for (const [name, key] of [
      ['bad-guys', old.value],
      ['others', other.value],
    ] as const) {
      assert.ok((await lists.publish(name, 'block', text(numbers(0, 80_000)), key)).ok);
    }
    const [before, untouched] = [manifestOf(broker, 'bad-guys'), manifestOf(broker, 'others')];
    const replaced = await keys.replace('ops', '1');
    assert.ok(replaced.ok);
    const { key } = replaced.value;
    await lists.signAnew('ops', key);
    const after = manifestOf(broker, 'bad-guys');
    assert.deepEqual(after, { ...before, generation: 2 });
    assert.deepEqual(manifestOf(broker, 'others'), untouched);
    const envelope = decodeEnvelope(broker.retained.get(listManifestTopic('acme', 'bad-guys')) ?? new Uint8Array(0));
    assert.ok(envelope.ok);
    assert.deepEqual(
      envelope.value.signatures.map(({ keyId }) => keyId),
      [key.keyId],
    );
    assert.ok((await lists.publish('bad-guys', 'block', text(numbers(500, 80_500)), key)).ok);
    const { deltas, generation } = manifestOf(broker, 'bad-guys');
    assert.deepEqual([generation, deltas[0]?.fromSha256], [3, before.contentSha256]);
  });
});
