import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import type { DecisionId } from '../../../../core/base/ids.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { millis } from '../../../../core/base/time.ts';
import { collection, index, journal } from '../../../../core/keys/collection.ts';
import { checkpoints, decisions, findings } from '../../../../core/keys/records.ts';
import type { Decision } from '../../../../core/respond/decision.ts';
import { collect } from '../../../support/collect.ts';
import { fc } from '../../../support/random.ts';
import { someFinding } from '../../../support/some-finding.ts';

function bench() {
  const port = new MemoryStore();
  return { port, records: createRecords(port) };
}

const decision = (id: string, state: Decision['state'], ip: string): Decision => ({
  id: id as DecisionId,
  kind: 'block',
  ip: ip as Ip,
  reason: 'test',
  origin: 'api',
  findings: [],
  at: millis(1),
  expiresAt: 'never',
  state,
});

test('findings are numbered from 1 without gaps, over restarts and over refused batches', async () => {
  const { port, records } = bench();
  const serials: number[] = [];
  for (let n = 0; n < 20; n++) {
    port.failing = () => n % 3 === 0;
    const written = await createRecords(port).write((writes) => writes.append(findings, someFinding(n)));
    assert.equal(written.ok, n % 3 !== 0);
    if (written.ok) serials.push(written.value.serial);
  }
  assert.deepEqual(
    serials,
    Array.from(serials, (_, i) => i + 1),
  );
  assert.deepEqual(
    (await collect(records.list(findings, []))).map(([[serial]]) => serial),
    serials,
  );
});

test('several records in one batch are numbered in order, with the cursor beside them', async () => {
  const { port, records } = bench();
  await records.write(
    async (writes) => {
      for (const n of [1, 2, 3]) assert.equal((await writes.append(findings, someFinding(n))).serial, n);
      await writes.put(checkpoints, ['ssh_bruteforce', '192.0.2.1'], { count: 3 });
    },
    { sync: true },
  );
  assert.equal(port.commits.length, 1);
  assert.equal(port.commits[0]?.sync, true);
  assert.deepEqual(await records.get(checkpoints, ['ssh_bruteforce', '192.0.2.1']), { count: 3 });
});

test('appended together, findings get what they get one by one, whatever the body did before', async () => {
  const some = fc.array(fc.nat(6), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(some, some, fc.option(fc.nat(8)), some, async (stored, first, deleted, then) => {
      const outcomes = await Promise.all(
        [true, false].map(async (isTogether) => {
          const { port, records } = bench();
          for (const n of stored) await records.write((writes) => writes.append(findings, someFinding(n)));
          const written = await records.write(async (writes) => {
            const append = async (numbers: readonly number[]) => {
              if (isTogether)
                return writes.appendAll(
                  findings,
                  numbers.map((n) => someFinding(n)),
                );
              const all: unknown[] = [];
              for (const n of numbers) all.push(await writes.append(findings, someFinding(n)));
              return all;
            };
            const before = await append(first);
            if (deleted !== null) await writes.delete(findings, [deleted + 1]);
            return [before, await append(then)];
          });
          return { written, commits: port.commits, left: await collect(records.list(findings, [])) };
        }),
      );
      assert.deepEqual(outcomes[0], outcomes[1]);
    }),
  );
});

test('a finding that is there already is not stored twice, within a batch or later', async () => {
  const { records } = bench();
  const append = (n: number) => records.write((writes) => writes.append(findings, someFinding(n)));
  await append(1);
  await append(2);
  const again = await records.write(async (writes) => [
    await writes.append(findings, someFinding(1)),
    await writes.append(findings, someFinding(3)),
    await writes.append(findings, someFinding(3)),
  ]);
  assert.ok(again.ok);
  assert.deepEqual(again.value, [
    { serial: 1, added: false },
    { serial: 3, added: true },
    { serial: 3, added: false },
  ]);
  assert.equal((await collect(records.list(findings, []))).length, 3);
});

test('what is there is told from what is not, in any order, over restarts, refusals, and a disk that is lost', async () => {
  const step = fc.record({
    numbers: fc.array(fc.nat(25), { maxLength: 6 }),
    before: fc.constantFrom('nothing', 'restart', 'reindex', 'lose the disk', 'find the disk'),
    isRefused: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const port = new MemoryStore();
      let isLost = false;
      port.health = () => ({ state: isLost ? 'memory' : 'ok', bytes: 0 });
      let records = createRecords(port);
      const there = new Set<string>();
      for (const { numbers, before, isRefused } of steps) {
        if (before === 'restart') records = createRecords(port);
        if (before === 'reindex') await records.reindex([findings]);
        if (before.endsWith('disk')) isLost = before === 'lose the disk';
        port.failing = () => isRefused;
        const made = numbers.map((n) => someFinding(n));
        const appended = await records.write((writes) => writes.appendAll(findings, made));
        const known = new Set(there);
        const expected = made.map(({ id }) => !known.has(id) && known.add(id) === known);
        if (!appended.ok) continue;
        assert.deepEqual(
          appended.value.map(({ added }) => added),
          expected,
        );
        for (const { id } of made) there.add(id);
      }
    }),
  );
});

test('a finding later than all before is not looked up; an earlier one is', async () => {
  const { port } = bench();
  const asked: string[] = [];
  const get = port.get.bind(port);
  port.get = (key) => {
    if (key.startsWith('finding.id!')) asked.push(key);
    return get(key);
  };
  const append = async (records: ReturnType<typeof createRecords>, ...numbers: readonly number[]) => {
    const made = numbers.map((n) => someFinding(n)).sort((a, b) => (a.id < b.id ? -1 : 1));
    await records.write((writes) => writes.appendAll(findings, made));
  };
  const ids = Array.from({ length: 9 }, (_, n) => [someFinding(n).id, n] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const [early, ...late] = ids.map(([, n]) => n);
  const first = createRecords(port);
  await append(first, ...late.slice(0, 4));
  await append(first, ...late.slice(4));
  assert.deepEqual(asked, []);
  const second = createRecords(port);
  await append(second, early as number);
  assert.equal(asked.length, 1);
});

test('what was not to be seen is looked up once it can be there: after a repair, and when the disk is back', async () => {
  const { port, records } = bench();
  const append = async (n: number) => {
    const appended = await records.write((writes) => writes.append(findings, someFinding(n)));
    return appended.ok && appended.value.added;
  };
  const others = createRecords(port);
  await others.write((writes) => writes.append(findings, someFinding(8)));
  await port.commit([{ del: findings.indexKeys.id.encode([someFinding(8).id]) }]);
  assert.equal(await append(1), true);
  await records.reindex([findings]);
  assert.equal(await append(8), false);

  const whole = { get: port.get, entries: port.entries, health: port.health };
  await others.write((writes) => writes.append(findings, someFinding(9)));
  const unseen: Partial<MemoryStore> = {
    get: async () => undefined,
    entries: async function* () {},
    health: () => ({ state: 'memory', bytes: 0 }),
  };
  Object.assign(port, unseen);
  port.failing = () => true;
  assert.equal(await append(2), false, 'refused');
  Object.assign(port, whole);
  port.failing = () => false;
  assert.equal(await append(9), false);
});

const red = { colour: 'red', size: 1 };
const blue = { colour: 'blue', size: 1 };
const isRed = (records: ReturnType<typeof createRecords>) =>
  collect(records.find(things, 'colour', ['red'])).then((found) => found.map(([[key]]) => key));

test('what a body wrote before it looks ahead, or while another look is under way, is told in the next', async () => {
  const { port, records } = bench();
  await records.write(async (writes) => {
    await writes.put(things, ['z'], red);
    await writes.foreseeKeys(things, [['a']]);
  });
  const change = (key: string, to: Thing) =>
    records.write(async (writes) => {
      await writes.foreseeKeys(things, [[key]]);
      await writes.put(things, [key], to);
    });
  await change('z', blue);
  assert.deepEqual(await isRed(records), []);

  const second = createRecords(port);
  const entries = port.entries.bind(port);
  let asked = 0;
  const slow = Promise.withResolvers<void>();
  port.entries = async function* (range) {
    if (++asked === 2) await slow.promise;
    yield* entries(range);
  };
  await second.write(async (writes) => {
    const [first, later] = [writes.foreseeKeys(things, [['zz']]), writes.foreseeKeys(things, [['b']])];
    await first;
    await writes.put(things, ['zz'], red);
    slow.resolve();
    await later;
  });
  port.entries = entries;
  await second.write(async (writes) => {
    await writes.foreseeKeys(things, [['zz']]);
    await writes.put(things, ['zz'], blue);
  });
  assert.deepEqual(await isRed(second), []);
});

test('behind another opening of the disk nothing is taken for absent that was not asked for again', async () => {
  const { port, records } = bench();
  const put = (key: string, value: Thing) =>
    records.write(async (writes) => {
      await writes.foreseeKeys(things, [[key]]);
      await writes.put(things, [key], value);
    });
  await put('a', red);
  const others = createRecords(port);
  await others.write((writes) => writes.put(things, ['z'], red));
  Object.assign(port, { openings: 2 });
  await put('z', blue);
  assert.deepEqual(await isRed(records), ['a']);
});

test('where the last key cannot be read, keys are asked for one by one', async () => {
  const { port, records } = bench();
  await records.write((writes) => writes.put(things, ['z'], red));
  const entries = port.entries;
  port.entries = () => {
    throw new Error('damaged');
  };
  const written = await createRecords(port).write(async (writes) => {
    await writes.foreseeKeys(things, [['z']]);
    await writes.put(things, ['z'], blue);
  });
  port.entries = entries;
  assert.ok(written.ok);
  assert.deepEqual(await isRed(records), []);
});

test('of a latest index the record that was written last is found', async () => {
  const { records } = bench();
  for (const [key, size] of [['a', 1] as const, ['b', 2] as const, ['c', 1] as const, ['d', 2] as const])
    await records.write((writes) => writes.put(things, [key], { colour: 'red', size }));
  const latest = async (size: number) => (await collect(records.find(things, 'size', [size]))).map(([[key]]) => key);
  assert.deepEqual([await latest(1), await latest(2), await latest(3)], [['c'], ['d'], []]);
  assert.equal((await collect(records.find(things, 'size', []))).length, 2);
});

test('a decision that changes its state moves in the index', async () => {
  const { records } = bench();
  const put = (one: Decision) => records.write((writes) => writes.put(decisions, [one.id], one));
  const active = async () => (await collect(records.find(decisions, 'state', ['active']))).map(([[id]]) => id);
  await put(decision('1', 'active', '192.0.2.9'));
  await put(decision('2', 'active', '192.0.2.1'));
  assert.deepEqual(await active(), ['2', '1'], 'by address');
  await put(decision('2', 'lifted', '192.0.2.1'));
  assert.deepEqual(await active(), ['1']);
  assert.equal((await collect(records.find(decisions, 'state', ['lifted', '192.0.2.1']))).length, 1);
  await records.write((writes) => writes.delete(decisions, ['1']));
  assert.deepEqual(await active(), []);
});

test('bodies run one at a time and see what the ones before committed', async () => {
  const { records } = bench();
  const counter = collection<number>()('counter', ['text']);
  await Promise.all(
    Array.from({ length: 50 }, () =>
      records.write(async (writes) => writes.put(counter, ['n'], ((await writes.get(counter, ['n'])) ?? 0) + 1)),
    ),
  );
  assert.equal(await records.get(counter, ['n']), 50);
});

test('a body that rejects writes nothing and holds nobody up', async () => {
  const { port, records } = bench();
  const broken = records.write(async (writes) => {
    await writes.append(findings, someFinding(1));
    throw new Error('broken');
  });
  await assert.rejects(broken, /broken/);
  assert.equal(port.commits.length, 0);
  assert.ok((await records.write((writes) => writes.append(findings, someFinding(1)))).ok);
});

test('a list begins behind a key, runs either way, and ends at its limit', async () => {
  const { records } = bench();
  for (let n = 1; n <= 9; n++) await records.write((writes) => writes.append(findings, someFinding(n)));
  const serials = async (page: object) => (await collect(records.list(findings, [], page))).map(([[serial]]) => serial);
  assert.deepEqual(await serials({ after: [4], limit: 3 }), [5, 6, 7]);
  assert.deepEqual(await serials({ after: [4], limit: 2, reverse: true }), [3, 2]);
  assert.deepEqual(await serials({ reverse: true, limit: 1 }), [9]);
});

test('a serial is never given twice, even when the counter fell behind', async () => {
  const { port, records } = bench();
  for (const n of [1, 2, 3]) await records.write((writes) => writes.append(findings, someFinding(n)));
  await port.commit([{ put: findings.serialKey, value: 1 }]);
  const written = await records.write((writes) => writes.append(findings, someFinding(4)));
  assert.ok(written.ok && written.value.serial === 4);
});

interface Thing {
  readonly colour: string;
  readonly size: number;
}
const things = collection<Thing>()('thing', ['text'], {
  colour: index<Thing>()('every', ['text'], ({ colour }) => [colour]),
  big: index<Thing>()('every', ['number'], ({ size }) => (size > 5 ? [size] : undefined)),
  size: index<Thing>()('latest', ['number'], ({ size }) => [size]),
});
const nasty = fc.constantFrom('a', 'a!', '!', '', 'a"', 'b');
const change = fc.record(
  { key: nasty, value: fc.record({ colour: nasty, size: fc.nat(9) }) },
  { requiredKeys: ['key'] },
);

test('whatever is put and deleted, each index names exactly the records it should; reindex mends what is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }),
      fc.nat(),
      async (batches, damage) => {
        const { port, records } = bench();
        const model = new Map<string, Thing>();
        for (const batch of batches) {
          await records.write(async (writes) => {
            for (const { key, value } of batch) {
              await (value === undefined ? writes.delete(things, [key]) : writes.put(things, [key], value));
            }
          });
          for (const { key, value } of batch) value === undefined ? model.delete(key) : model.set(key, value);
        }
        const check = async () => {
          for (const colour of ['a', 'a!', '!', '', 'a"', 'b']) {
            const found = (await collect(records.find(things, 'colour', [colour]))).map(([[key]]) => key);
            assert.deepEqual(
              found.sort(),
              [...model]
                .filter(([, thing]) => thing.colour === colour)
                .map(([key]) => key)
                .sort(),
            );
          }
          const big = (await collect(records.find(things, 'big', []))).map(([, { size }]) => size);
          assert.deepEqual(
            big,
            [...model.values()]
              .map(({ size }) => size)
              .filter((size) => size > 5)
              .sort(),
          );
          for await (const [, { size }] of records.find(things, 'size', []))
            assert.ok([...model.values()].some((t) => t.size === size));
        };
        await check();
        const entries = (await collect(port.entries<string>({}))).filter(([key]) => key.startsWith('thing.'));
        const victim = entries[damage % Math.max(1, entries.length)];
        const stray = things.indexKeys.colour.encode(['b', 'gone']);
        await port.commit([
          ...(victim === undefined ? [] : [{ del: victim[0] }]),
          { put: stray, value: things.key.encode(['gone']) },
        ]);
        assert.ok((await records.reindex([things])).ok);
        await check();
        assert.equal(await port.get(stray), undefined);
      },
    ),
    { numRuns: 100 },
  );
});

test('a journal of its own, without indexes', async () => {
  const { records } = bench();
  const notes = journal<string>()('note');
  for (const text of ['a', 'a']) await records.write((writes) => writes.append(notes, text));
  assert.deepEqual(await collect(records.list(notes, [])), [
    [[1], 'a'],
    [[2], 'a'],
  ]);
});
