import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FindingEpochs } from '../../../../actors/incidents/index.ts';
import { createRecords, MemoryStore, type StorePort } from '../../../../actors/store/index.ts';
import { fail } from '../../../../core/base/result.ts';
import { findingEpochs } from '../../../../core/keys/records.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const random = seededRandom(1);

function epochsOver(store: StorePort, isRepaired = false) {
  const logged: string[] = [];
  const records = createRecords(store);
  const epochs = new FindingEpochs({ records, random, log: (_, message) => logged.push(message), isRepaired });
  return { epochs, logged, records };
}

test('every start begins an epoch behind the earlier ones; a new list shows that', async () => {
  const store = new MemoryStore();
  const first = epochsOver(store).epochs;
  const before = first.list;
  await first.load(3);
  assert.notEqual(first.list, before);
  await first.begin(2);
  const { epochs } = epochsOver(store);
  await epochs.load(9);
  assert.deepEqual(
    epochs.list.map(({ after }) => after),
    [3, 2, 9],
  );
  assert.deepEqual(epochs.list.slice(0, -1), first.list);
  assert.equal(new Set(epochs.list.map(({ name }) => name)).size, 3);
});

test('after a repair no earlier epoch is believed', async () => {
  const store = new MemoryStore();
  await epochsOver(store).epochs.load(3);
  const { epochs } = epochsOver(store, true);
  await epochs.load(3);
  assert.equal(epochs.list.length, 1);
  const next = epochsOver(store).epochs;
  await next.load(4);
  assert.deepEqual(next.list.slice(0, -1), epochs.list);
});

test('the oldest are forgotten, and what is no epoch is not taken up', async () => {
  const { epochs, records } = epochsOver(new MemoryStore());
  const stored = [...Array.from({ length: 400 }, (_, after) => ({ name: `n${after}`, after })), { name: 7 }, null];
  await records.write((writes) => writes.put(findingEpochs, ['all'], stored as never));
  await epochs.load(500);
  assert.deepEqual([epochs.list.length, epochs.list[0]?.name, epochs.list.at(-1)?.after], [256, 'n145', 500]);
});

test('without a disk the epoch is kept with the findings in memory; without either it holds until the end', async () => {
  const memory = new MemoryStore();
  const lost = new Set<boolean>([true]);
  const store: StorePort = {
    commit: async (ops, options = {}) =>
      lost.has(options.sync === true) ? fail('lost', 'no disk') : memory.commit(ops, options),
    get: (key) => memory.get(key),
    getBytes: (key) => memory.getBytes(key),
    entries: (range) => memory.entries(range),
    pages: (range) => memory.pages(range),
    openings: memory.openings,
    health: () => memory.health(),
  };
  const { epochs, logged, records } = epochsOver(store);
  await epochs.load(1);
  assert.deepEqual(await records.get(findingEpochs, ['all']), epochs.list);
  lost.add(false);
  await epochs.begin(0);
  assert.equal(epochs.list.length, 2);
  assert.deepEqual(logged, ['numbering of findings could not be stored']);
});
