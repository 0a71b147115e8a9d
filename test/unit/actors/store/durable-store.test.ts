import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableStore, SCHEMA, type StoreDamage } from '../../../../actors/store/durable-store.ts';
import type { FaultKind } from '../../../../actors/store/fault.ts';
import { sealed, unseal } from '../../../../actors/store/record-text.ts';
import { seconds } from '../../../../core/base/time.ts';
import { meta } from '../../../../core/keys/records.ts';
import { collect } from '../../../support/collect.ts';
import { FakeDisk } from '../../../support/fake-disk.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const SCHEMA_KEY = meta.key.encode(['schema']);

async function open(disk = new FakeDisk(), memoryLimit?: number) {
  const clock = new SimulatedClock();
  const damages: StoreDamage[] = [];
  const unreadable: unknown[] = [];
  const store = new DurableStore({
    disk,
    clock,
    log: () => {},
    onDamage: (damage) => damages.push(damage),
    onUnreadable: (cause) => unreadable.push(cause),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  });
  const opened = await store.open();
  /** Lets the clock reach the next try of the disk, and the try end. */
  const retry = async (length = seconds(60)) => {
    clock.advance(length);
    await store.commit([]);
    await settled();
  };
  const records = async () => {
    const all = await collect(store.entries({}));
    assert.deepEqual(
      (await collect(store.pages({}))).flat(),
      all.map(([, value]) => value),
    );
    return all.filter(([key]) => key !== SCHEMA_KEY);
  };
  return { disk, clock, store, damages, unreadable, opened, retry, records };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const onDisk = (disk: FakeDisk) =>
  disk.records
    .slice({})
    .flatMap(([key, text]) =>
      key === SCHEMA_KEY ? [] : [[key, JSON.parse(unseal(key, Buffer.from(text).toString()) ?? '')]],
    );

test('a failed write moves the store to memory, and back when the disk takes writes again', async () => {
  const { disk, store, damages, retry, records } = await open();
  await store.commit([
    { put: 'a', value: 1 },
    { put: 'b', value: 1 },
  ]);
  disk.fault = 'full';
  assert.ok((await store.commit([{ put: 'a', value: 2 }, { del: 'b' }, { put: 'c', value: 2 }])).ok);
  assert.equal(store.health().state, 'memory');
  assert.deepEqual(
    damages.map(({ kind }) => kind),
    ['memory'],
  );
  assert.deepEqual(await records(), [
    ['a', 2],
    ['c', 2],
  ]);
  assert.deepEqual(onDisk(disk), [
    ['a', 1],
    ['b', 1],
  ]);
  await retry();
  assert.equal(store.health().state, 'memory');
  disk.fault = undefined;
  await retry();
  assert.equal(store.health().state, 'ok');
  assert.equal(store.health().message, undefined);
  assert.deepEqual(onDisk(disk), [
    ['a', 2],
    ['c', 2],
  ]);
  assert.equal(disk.syncs.at(-2), true, 'the overlay is synced (the last write is the empty one of the test)');
  assert.equal(damages.length, 1, 'the way back is no damage');
});

test('a batch that asked for the disk is refused while it is lost, and stays refused', async () => {
  const { disk, store, retry, records } = await open();
  await store.commit([{ put: 'a', value: 1 }]);
  disk.fault = 'io';
  disk.resurrects = true;
  const batch = [
    { put: 'a', value: 2 },
    { put: 'b', value: 2 },
  ];
  for (const _ of [1, 2]) {
    const refused = await store.commit(batch, { sync: true });
    assert.equal(refused.ok ? 'ok' : refused.code, 'lost');
    assert.deepEqual(await records(), [['a', 1]]);
  }
  disk.fault = undefined;
  await retry();
  assert.equal(store.health().state, 'ok');
  assert.deepEqual(await records(), [['a', 1]], 'LevelDB may replay it from its log; it is undone');
});

test('commits that shared a failed write part: who asked for the disk is refused, the others are kept', async () => {
  const { disk, store, records } = await open();
  disk.fault = 'full';
  const [plain, synced, later] = await Promise.all([
    store.commit([{ put: 'a', value: 1 }]),
    store.commit([{ put: 'a', value: 2 }], { sync: true }),
    store.commit([{ put: 'b', value: 3 }]),
  ]);
  assert.deepEqual([plain?.ok, synced?.ok, later?.ok], [true, false, true]);
  assert.deepEqual(await records(), [
    ['a', 1],
    ['b', 3],
  ]);
});

test('the disk is tried after 1, 2, 4 … seconds, in the end every minute', async () => {
  const { disk, store, clock } = await open();
  disk.fault = 'readonly';
  await store.commit([{ put: 'a', value: 1 }]);
  const waits: number[] = [];
  for (let since = 0; waits.length < 9; since++) {
    const before = disk.probes;
    clock.advance(1000);
    await store.commit([]);
    await settled();
    if (disk.probes > before) {
      waits.push(since + 1);
      since = -1;
    }
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('memory is bounded: what does not fit is refused whole, overwriting still works', async () => {
  const { disk, store, records } = await open(new FakeDisk(), 2000);
  disk.fault = 'full';
  await store.commit([{ put: 'a', value: 'x'.repeat(500) }]);
  const refused = await store.commit([
    { put: 'b', value: 1 },
    { put: 'c', value: 'x'.repeat(900) },
  ]);
  assert.equal(refused.ok ? 'ok' : refused.code, 'lost');
  for (let n = 0; n < 100; n++) assert.ok((await store.commit([{ put: 'a', value: 'y'.repeat(500) }])).ok);
  assert.deepEqual(
    (await records()).map(([key]) => key),
    ['a'],
  );
});

test('a disk that cannot be reopened is read from memory until it can', async () => {
  const { disk, store, records, retry } = await open();
  await store.commit([{ put: 'a', value: 1 }]);
  disk.fault = 'full';
  await store.commit([{ put: 'b', value: 2 }]);
  disk.fault = undefined;
  disk.openFault = 'full';
  await retry();
  assert.equal(store.health().state, 'memory');
  assert.deepEqual(await records(), [
    ['a', 1],
    ['b', 2],
  ]);
  disk.readable = false;
  await retry();
  await assert.rejects(store.get('a'), /cannot be read/);
  assert.ok((await store.commit([{ put: 'c', value: 3 }])).ok, 'writes are kept all the same');
  disk.openFault = undefined;
  await retry();
  assert.equal(store.health().state, 'ok');
  assert.deepEqual(onDisk(disk), [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
});

test('an iteration under way goes on when the disk comes back', async () => {
  for (const reverse of [false, true]) {
    const { disk, store, retry } = await open();
    await store.commit(Array.from({ length: 100 }, (_, n) => ({ put: `k${String(n).padStart(3, '0')}`, value: n })));
    disk.fault = 'full';
    await store.commit([{ put: 'k100', value: 100 }]);
    disk.fault = undefined;
    const seen: number[] = [];
    for await (const [, value] of store.entries<number>({ gte: 'k', lte: 'k~', reverse, limit: 90 })) {
      seen.push(value);
      if (seen.length === 20) await retry();
    }
    const all = Array.from({ length: 101 }, (_, n) => n);
    assert.deepEqual(seen, (reverse ? all.reverse() : all).slice(0, 90));
  }
});

test('bytes committed while the disk is lost are read, and reach it when it is back', async () => {
  const disk = new FakeDisk();
  disk.fault = 'io';
  const { store, retry } = await open(disk);
  const bytes = Uint8Array.of(0, 255, 7);
  await store.commit([{ put: 'a', bytes }, { put: 'b', value: 1 }, { del: 'c' }]);
  bytes.fill(9);
  assert.deepEqual(Buffer.from((await store.getBytes('a')) ?? []), Buffer.of(0, 255, 7));
  disk.fault = undefined;
  await retry();
  assert.deepEqual(Buffer.from((await store.getBytes('a')) ?? []), Buffer.of(0, 255, 7));
  assert.equal(await store.get('b'), 1);
});

for (const fault of ['full', 'readonly', 'io'] as const)
  test(`a store whose disk is ${fault} at the start is read, written in memory, and returns`, async () => {
    const disk = new FakeDisk();
    disk.apply(sealed([['a', '1']]));
    disk.fault = fault;
    const { store, opened, damages, records, retry } = await open(disk);
    assert.deepEqual(opened, { ok: true, value: 'memory' });
    assert.deepEqual(
      damages.map(({ kind }) => kind),
      ['memory'],
    );
    await store.commit([{ put: 'b', value: 2 }]);
    assert.deepEqual(await records(), [
      ['a', 1],
      ['b', 2],
    ]);
    disk.fault = undefined;
    await retry();
    assert.deepEqual(onDisk(disk), [
      ['a', 1],
      ['b', 2],
    ]);
  });

test('a store that could not be read at the start is never mixed with what was written since', async () => {
  const disk = new FakeDisk();
  disk.apply(sealed([['a', '1']]));
  disk.fault = 'io';
  disk.readable = false;
  const { store, records, retry, damages } = await open(disk);
  assert.match(damages[0]?.message ?? '', /cannot be read/);
  await store.commit([{ put: 'a', value: 2 }]);
  assert.deepEqual(await records(), [['a', 2]]);
  disk.fault = undefined;
  await retry();
  await store.close();
  assert.deepEqual(onDisk(disk), [['a', 1]]);
});

for (const code of ['locked', 'denied'] as const)
  test(`a store that is ${code} is not opened`, async () => {
    const disk = new FakeDisk();
    disk.openFault = code;
    const { opened, store, damages } = await open(disk);
    assert.equal(opened.ok ? 'ok' : opened.code, code);
    assert.deepEqual(damages, []);
    assert.equal((await store.commit([])).ok, false);
  });

test('a store of a later version is not opened, one without a version gets ours', async () => {
  const disk = new FakeDisk();
  await open(disk);
  assert.equal(unseal(SCHEMA_KEY, Buffer.from(disk.records.get(SCHEMA_KEY) ?? '').toString()), String(SCHEMA));
  disk.apply(sealed([[SCHEMA_KEY, String(SCHEMA + 1)]]));
  const { opened } = await open(disk);
  assert.equal(opened.ok ? 'ok' : opened.code, 'newer');
});

test('what the disk found damaged is told once, with where the copy is', async () => {
  const disk = new FakeDisk();
  disk.opened = { state: 'repaired', message: 'CURRENT is missing', copy: '/x' };
  const { store, damages } = await open(disk);
  assert.deepEqual(
    damages.map(({ kind, copy }) => [kind, copy]),
    [['repaired', '/x']],
  );
  assert.equal(store.health().state, 'repaired');
  assert.match(store.health().message ?? '', /CURRENT is missing.*\/x/);
});

test('a record that is not what was written is reported, never returned and never taken for absent', async () => {
  const { disk, store, unreadable } = await open();
  await store.commit([{ put: 'a', value: 1 }]);
  disk.apply([['a', '1:{"n":2}']]);
  await assert.rejects(store.get('a'));
  await assert.rejects(collect(store.entries({})));
  disk.apply(sealed([['b', '1']]).map(([, record]) => ['a', record]));
  await assert.rejects(store.get('a'), /not what was written/, 'nor a record of another key');
  assert.equal(unreadable.length, 3);
});

test('closing tries once more to bring to disk what is in memory', async () => {
  const { disk, store } = await open();
  disk.fault = 'full';
  await store.commit([{ put: 'a', value: 1 }]);
  disk.fault = undefined;
  await store.close();
  await store.close();
  assert.deepEqual(onDisk(disk), [['a', 1]]);
  assert.ok((await store.open()).ok, 'and can be opened again');
  assert.equal(await store.get('a'), 1);
});

test('whatever comes and goes, the store answers as if nothing had happened', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const op = fc.oneof(fc.record({ put: key, value: fc.nat(99) }), fc.record({ del: key }));
  const step = fc.oneof(
    fc.record({ ops: fc.array(op, { maxLength: 4 }), sync: fc.boolean() }),
    fc.record({ fault: fc.constantFrom<FaultKind | undefined>('full', 'io', undefined, undefined) }),
    fc.record({ openFault: fc.constantFrom<FaultKind | undefined>('full', undefined) }),
    fc.constant('wait' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, resurrects) => {
      const { disk, store, retry, records } = await open();
      disk.resurrects = resurrects;
      const model = new Map<string, number>();
      for (const it of [...steps, { fault: undefined }, { openFault: undefined }, 'wait' as const]) {
        if (it === 'wait') await retry();
        else if ('fault' in it) disk.fault = it.fault;
        else if ('openFault' in it) disk.openFault = it.openFault;
        else if ((await store.commit(it.ops, { sync: it.sync })).ok) {
          for (const o of it.ops) 'put' in o ? model.set(o.put, o.value) : model.delete(o.del);
        }
        assert.deepEqual(await records(), [...model].sort());
      }
      assert.deepEqual(onDisk(disk), [...model].sort());
    }),
    { numRuns: 60 },
  );
});

test('damage found on the way back to the disk is told, also when that way then fails', async () => {
  const { disk, store, damages, retry } = await open();
  disk.fault = 'full';
  await store.commit([{ put: 'a', value: 1 }]);
  disk.fault = undefined;
  disk.opened = { state: 'repaired', message: 'a table is missing' };
  disk.onOpen = () => {
    disk.fault = 'full';
  };
  await retry();
  assert.deepEqual(
    damages.map(({ kind }) => kind),
    ['memory', 'repaired'],
  );
  assert.equal(store.health().state, 'memory');
  disk.fault = undefined;
  disk.onOpen = () => {};
  disk.opened = { state: 'ok' };
  await retry();
  assert.equal(store.health().state, 'repaired');
  assert.match(store.health().message ?? '', /a table is missing/);
});
