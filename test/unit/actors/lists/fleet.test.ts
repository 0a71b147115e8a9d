import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allLists,
  FleetLists,
  type Generation,
  GenerationBook,
  type GenerationStore,
} from '../../../../actors/lists/index.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { ok } from '../../../../core/base/result.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { totalOf } from '../../../../core/respond/lists/columns.ts';
import { FakeLists, LIST } from '../../../support/api/fake-lists.ts';
import { columnsFrom } from '../../../support/lists.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function site(kernel: { refusal?: string } = {}) {
  const saved = new Map<string, Generation>();
  const store: GenerationStore = {
    load: async ({ id }) => {
      const generation = saved.get(id);
      return generation === undefined ? {} : { generation };
    },
    save: async ({ id }, generation) => void saved.set(id, generation),
    prune: async () => {},
  };
  const clock = new SimulatedClock();
  const fleet = new FleetLists({
    book: new GenerationBook(),
    kernel: {
      changed: async () =>
        kernel.refusal === undefined ? ok(undefined) : { ok: false, code: 'denied', errno: 1, public: kernel.refusal },
      facts: () => ({ inKernel: kernel.refusal === undefined, protected: 1 }),
      packets: async () => new Map([['fleet_bad_guys', { packets: 4, bytes: 240 }]]),
    },
    store,
    records: createRecords(new MemoryStore()),
    clock,
    log: () => {},
  });
  const put = (name: string, text: string, generation = 1) => {
    const columns = columnsFrom(text);
    const contentSha256 = 'ab'.repeat(32) as Hex;
    return fleet.put(name, { purpose: 'block', generation, contentSha256, entries: totalOf(columns) }, columns);
  };
  return { fleet, put, clock };
}

test('a list of the fleet is told beside those of the settings, with where it is from and what it counts', async () => {
  const { fleet, put, clock } = site();
  const all = allLists(new FakeLists(), fleet);
  assert.deepEqual(await all.list(), [LIST]);
  assert.ok((await put('bad-guys', '198.51.100.1\n198.51.101.0/24', 3)).ok);
  const [own, row] = await all.list();
  assert.deepEqual(own, LIST);
  assert.deepEqual(row, {
    ...{ name: 'fleet_bad_guys', kind: 'block', mode: 'enforce', origin: 'fleet', source: 'bad-guys' },
    ...{ state: 'current', inKernel: true, generation: 3, fetchedAt: clock.now() },
    entries: { 4: { addresses: 1, networks: 1 }, 6: { addresses: 0, networks: 0 } },
    ...{ bad: 0, wide: 0, protected: 1, packets: 4, bytes: 240 },
  });
  const names = (ip: string) => all.covering(ip as Ip).map(({ name }) => name);
  assert.deepEqual([names('198.51.101.9'), names('198.51.100.2')], [['fleet_bad_guys'], []]);
  assert.ok((await fleet.withdraw('bad-guys')).ok);
  assert.deepEqual(await all.list(), [LIST]);
});

test('a list that the kernel refuses is kept and none that is in force, until the kernel has it', async () => {
  const kernel: { refusal?: string } = { refusal: 'no room' };
  const { put, fleet } = site(kernel);
  const refused = await put('bad-guys', '198.51.100.1');
  assert.equal(refused.ok ? '' : refused.public, 'the kernel has it not yet: no room');
  assert.equal(fleet.all().get('bad-guys')?.generation, 1);
  delete kernel.refusal;
  assert.ok((await put('bad-guys', '198.51.100.1')).ok);
  kernel.refusal = 'busy';
  assert.equal((await fleet.withdraw('bad-guys')).ok, false);
  assert.equal((await fleet.withdraw('bad-guys')).ok, false, 'it may be in the kernel still');
  delete kernel.refusal;
  assert.ok((await fleet.withdraw('bad-guys')).ok);
});

test('nobody here looks at a list of the fleet anew, or accepts it; those of the settings are theirs', async () => {
  const { fleet, put } = site();
  const all = allLists(new FakeLists(), fleet);
  await put('bad-guys', '198.51.100.1');
  for (const asked of [await all.refresh('fleet_bad_guys'), await all.accept('fleet_bad_guys')]) {
    assert.deepEqual([asked.ok, asked.ok ? '' : asked.code], [false, 'not_found']);
    assert.match(asked.ok ? '' : asked.public, /its controller decides/);
  }
  assert.ok((await all.refresh('drop')).ok);
  assert.ok((await all.accept('drop')).ok);
  assert.equal((await all.refresh('none')).ok, false);
});
