import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { digestOf, encodeListChange, encodeListContent } from '../../../../actors/link-wire/index.ts';
import { seconds } from '../../../../core/base/time.ts';
import type { ListContent, ListManifest, ListPart } from '../../../../core/link/list.ts';
import { changeBetween, encodeContent } from '../../../../core/link/list-content.ts';
import { totalOf } from '../../../../core/respond/lists/columns.ts';
import { OrdersLife, OrdersWorld, quiet } from '../../../support/link/orders-site.ts';
import { idAt, NOW, order, sealed, testKey } from '../../../support/link-orders.ts';
import { columnsFrom, textsOf } from '../../../support/lists.ts';

const ops = testKey('ops');

/** Unpacking is done by threads: looks again until something has come of it, or nothing does. */
async function unpacked(isOver: () => boolean): Promise<void> {
  // Another thread unpacks, which on a busy machine has its turn late.
  const end = performance.now() + 300;
  while (!isOver() && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
  await quiet();
}

async function site() {
  const world = new OrdersWorld(ops);
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  const part = (message: Uint8Array): ListPart => {
    const payload = new Uint8Array(zstdCompressSync(message));
    world.parts.set(digestOf(payload), payload);
    return { sha256: digestOf(payload), bytes: payload.length };
  };
  const manifestOf = (text: string, over: Partial<ListManifest> = {}): ListManifest => {
    const columns = columnsFrom(text);
    const content = bytesOf(encodeContent(columns));
    return {
      name: 'bad-guys',
      purpose: 'block',
      entries: totalOf(columns),
      contentSha256: digestOf(content),
      whole: [part(content)],
      deltas: [],
      withdrawn: false,
      ...over,
    };
  };
  const publish = async (list: ListManifest, generation: number) => {
    const given = order({ kind: 'list', list }, { generation, appliance: 'everybody', id: idAt(NOW, generation) });
    const state = () => JSON.stringify([world.results.length, life.orders.report().lists]);
    const before = state();
    await life.deliver(sealed(given, ops).bytes);
    await unpacked(() => state() !== before);
  };
  const held = () => {
    const list = world.lists.get('bad-guys');
    return list && [list.held.generation, ...textsOf(list.columns)];
  };
  const trouble = () => life.orders.report().lists[0]?.trouble;
  return { world, life, part, manifestOf, publish, held, trouble };
}

function bytesOf(content: ListContent): Uint8Array {
  const bytes = encodeListContent(content);
  assert.ok(bytes.ok);
  return bytes.value;
}

test('a list comes whole, by a difference, and goes', async () => {
  const { world, life, part, manifestOf, publish, held } = await site();
  const [one, two] = ['198.51.100.1\n198.51.101.0/24\n2001:db8::1', '198.51.100.2\n198.51.101.0/24\n2001:db8::1'];
  const first = manifestOf(one);
  await publish(first, 1);
  assert.deepEqual(held(), [1, '198.51.100.1', '198.51.101.0/24', '2001:db8::1']);
  const change = encodeListChange(changeBetween(columnsFrom(one), columnsFrom(two)));
  assert.ok(change.ok);
  const delta = { fromGeneration: 1, fromSha256: first.contentSha256, part: part(change.value) };
  const second = manifestOf(two, { deltas: [delta] });
  for (const { sha256 } of second.whole) world.parts.delete(sha256);
  await publish(second, 2);
  assert.deepEqual(held(), [2, '198.51.100.2', '198.51.101.0/24', '2001:db8::1']);
  await publish(first, 1);
  assert.equal(held()?.[0], 2);
  assert.equal(world.results.at(-1)?.code, 'older_generation');
  await publish({ ...second, withdrawn: true }, 3);
  assert.equal(held(), undefined);
  await publish(second, 2);
  assert.equal(held(), undefined);
  assert.deepEqual(life.orders.report().lists, []);
});

test('a difference that is no good gives way to the whole', async () => {
  const { part, manifestOf, publish, held } = await site();
  const first = manifestOf('198.51.100.1');
  await publish(first, 1);
  const delta = { fromGeneration: 1, fromSha256: first.contentSha256, part: part(Uint8Array.of(9, 9, 9)) };
  await publish(manifestOf('198.51.100.7', { deltas: [delta] }), 2);
  assert.deepEqual(held(), [2, '198.51.100.7']);
});

test('a part that never comes is waited for within bounds, and a later generation has its turn', async () => {
  const { world, manifestOf, publish, held, trouble } = await site();
  const lost = manifestOf('198.51.100.1');
  world.parts.clear();
  await publish(lost, 1);
  assert.equal(held(), undefined);
  world.clock.advance(seconds(121));
  await quiet();
  assert.equal(trouble(), 'a part did not come');
  await publish(manifestOf('198.51.100.2'), 2);
  assert.deepEqual(held(), [2, '198.51.100.2']);
  assert.equal(trouble(), '');
});

test('a list that could not be had is tried again, later each time, and so the last of it comes into force', async () => {
  const { world, manifestOf, publish, held, trouble } = await site();
  const list = manifestOf('198.51.100.1');
  const parts = [...world.parts];
  world.parts.clear();
  await publish(list, 1);
  for (const pause of [10, 20, 40]) {
    world.clock.advance(seconds(121));
    await quiet();
    assert.equal(trouble(), 'a part did not come');
    world.clock.advance(seconds(pause));
    await quiet();
  }
  for (const [sha256, payload] of parts) world.parts.set(sha256, payload);
  world.clock.advance(seconds(121));
  await quiet();
  world.clock.advance(seconds(79));
  await quiet();
  assert.equal(held(), undefined);
  world.clock.advance(seconds(1));
  await unpacked(() => trouble() === '');
  assert.deepEqual(held(), [1, '198.51.100.1']);
});

test('a list that is in force and could not be kept is in force for good: none that is older takes its place', async () => {
  const { world, life, manifestOf, publish, held, trouble } = await site();
  world.listTrouble = 'the disk is full';
  await publish(manifestOf('198.51.100.2'), 2);
  assert.deepEqual([trouble(), held()], ['the disk is full', [2, '198.51.100.2']]);
  await publish(manifestOf('198.51.100.1'), 1);
  assert.deepEqual(held(), [2, '198.51.100.2']);
  assert.deepEqual(world.notes, [], 'it is not said to be in force');
  // Another process knows it by what is in force.
  life.kill();
  const again = new OrdersLife(world);
  await quiet();
  await again.deliver(
    sealed(order({ kind: 'list', list: manifestOf('198.51.100.1') }, { generation: 1, appliance: 'everybody' }), ops)
      .bytes,
  );
  await quiet();
  assert.deepEqual(held(), [2, '198.51.100.2']);
});

test('what could not be kept is done once more when it can be', async () => {
  const { world, manifestOf, publish, trouble } = await site();
  await publish(manifestOf('198.51.100.2'), 1);
  world.listTrouble = 'the disk is full';
  await publish({ ...manifestOf('198.51.100.2'), withdrawn: true }, 2);
  assert.equal(trouble(), 'the disk is full');
  await publish(manifestOf('198.51.100.2'), 1);
  assert.equal(world.lists.size, 0);
  world.listTrouble = undefined;
  world.clock.advance(seconds(10));
  await quiet();
  assert.equal(trouble(), undefined);
  assert.deepEqual(
    world.notes.map(({ action }) => action),
    ['order_list', 'order_list_withdrawn'],
  );
});

const content = (...v4: readonly number[]): Uint8Array => bytesOf({ v4: Uint8Array.from(v4), v6: new Uint8Array(0) });

const HOSTILE: Readonly<Record<string, (s: Awaited<ReturnType<typeof site>>) => Partial<ListManifest>>> = {
  'that unpacks to very much': ({ part }) => ({ whole: [part(new Uint8Array(50_000_000))], entries: 1 }),
  'that is no zstd': ({ world }) => {
    const payload = Uint8Array.of(1, 2, 3);
    world.parts.set(digestOf(payload), payload);
    return { whole: [{ sha256: digestOf(payload), bytes: 3 }] };
  },
  'of another content': ({ manifestOf }) => ({ whole: manifestOf('198.51.100.9').whole }),
  'with more entries than said': ({ manifestOf }) => ({ whole: manifestOf('198.51.100.9\n198.51.100.11').whole }),
  'that is not sorted': ({ part }) => ({ whole: [part(content(5)), part(content(4))], entries: 2 }),
  'whose entries lie within each other': ({ part }) => ({
    whole: [part(content(0, 8, 0x80, 0x80, 0x80, 0x50, 1))],
    entries: 2,
  }),
  'of very wide networks': ({ part }) => {
    const half = content(0, 1, 0x80, 0x80, 0x80, 0x80, 8);
    return { whole: [part(half)], contentSha256: digestOf(half), entries: 1 };
  },
  'of more entries than are taken': () => ({ entries: 1_000_001 }),
};
for (const [what, over] of Object.entries(HOSTILE)) {
  test(`a list ${what} is refused, and what was in force stays`, async () => {
    const made = await site();
    const { manifestOf, publish, held, trouble } = made;
    await publish(manifestOf('198.51.100.1'), 1);
    await publish(manifestOf('198.51.100.2', over(made)), 2);
    assert.deepEqual(held(), [1, '198.51.100.1']);
    assert.notEqual(trouble(), '');
    await publish(manifestOf('198.51.100.3'), 3);
    assert.deepEqual(held(), [3, '198.51.100.3']);
  });
}

test('bytes of another hash under the topic of a part are passed over', async () => {
  const { world, manifestOf, publish, held } = await site();
  const list = manifestOf('198.51.100.1');
  const [part] = list.whole;
  assert.ok(part !== undefined);
  world.parts.set(
    part.sha256,
    Uint8Array.from({ length: part.bytes }, () => 7),
  );
  await publish(list, 1);
  assert.equal(held(), undefined);
});

test('lists of another fleet go when this one begins', async () => {
  const { world, life, manifestOf, publish, held } = await site();
  await publish(manifestOf('198.51.100.1'), 1);
  assert.deepEqual(held(), [1, '198.51.100.1']);
  life.kill();
  world.tenant = 'south';
  new OrdersLife(world);
  await quiet();
  assert.equal(held(), undefined);
});
