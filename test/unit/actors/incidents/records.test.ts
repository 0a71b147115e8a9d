import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { FindingHistory, FindingRollups, findingRecords } from '../../../../actors/incidents/index.ts';
import { createRecords } from '../../../../actors/store/index.ts';
import { days, hours, millis, minutes, plus } from '../../../../core/base/time.ts';
import { rollupState, rollups as stored } from '../../../../core/keys/records.ts';
import { mentions } from '../../../../core/query/finding-history.ts';
import { collect } from '../../../support/collect.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function bench() {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const records = createRecords(store);
  const open = async () => {
    const rollups = new FindingRollups(clock);
    await rollups.load(records);
    return rollups;
  };
  return { clock, store, records, open };
}

describe('records of findings', () => {
  let b: ReturnType<typeof bench>;
  beforeEach(() => {
    b = bench();
  });

  /** Findings `n` minutes ago, each of another address; every third one suppressed when asked for. */
  async function keep(rollups: FindingRollups, count: number, suppressThirds = false) {
    const made = Array.from({ length: count }, (_, i) => ({
      finding: sampleFinding(`203.0.113.${i}`, millis(b.clock.now() - minutes(i)), {
        severity: i % 2 === 0 ? 'high' : 'critical',
      }),
      ...(suppressThirds && i % 3 === 2 ? { suppressedBy: 'ab' } : {}),
    }));
    const kept = await findingRecords(b.records, rollups).append(made);
    assert.ok(kept.ok);
    return kept.value;
  }

  const historyOf = (rollups: FindingRollups, findings: number) =>
    new FindingHistory({
      records: b.records,
      counts: () => ({ findings, suppressed: rollups.state.suppressed }),
    });

  const serials = (rows: readonly { readonly serial: number }[]) => rows.map(({ serial }) => serial);

  test('counts are written in the batch of the findings, and read back', async () => {
    const rollups = await b.open();
    await keep(rollups, 3);
    const batch = b.store.commits.at(-1)?.ops.map((op) => ('put' in op ? op.put : op.del)) ?? [];
    assert.ok(batch.some((key) => key.startsWith('finding!')) && batch.some((key) => key.startsWith('rollup!hour!')));
    const again = await b.open();
    assert.deepEqual(again.state, { counted: 3, suppressed: 0, lastCritical: b.clock.now() - minutes(1) });
    assert.deepEqual(again.series('day', 2), rollups.series('day', 2));
    const total = again.series('hour', 24).reduce((sum, { rollup }) => sum + (rollup.checks['ssh_bruteforce'] ?? 0), 0);
    assert.equal(total, 3);
  });

  test('what is recent is counted from the hour on in which the last 24 hours began, without what is suppressed', async () => {
    const rollups = await b.open();
    await keep(rollups, 9, true);
    const old = sampleFinding('203.0.113.200', millis(b.clock.now() - hours(26)));
    assert.ok((await findingRecords(b.records, rollups).append([{ finding: old }])).ok);
    const { since, count } = (await b.open()).recent();
    assert.equal(count, 6);
    assert.ok(since <= b.clock.now() - hours(24) && since > b.clock.now() - hours(25));
  });

  test('a finding that was there already is not counted again', async () => {
    const rollups = await b.open();
    await keep(rollups, 3);
    const again = await keep(rollups, 4);
    assert.deepEqual(
      again.map(({ added }) => added),
      [false, false, false, true],
    );
    assert.equal(rollups.state.counted, 4);
  });

  test('a batch that is lost and tried again counts once', async () => {
    const rollups = await b.open();
    const made = [{ finding: sampleFinding('203.0.113.1', b.clock.now(), { severity: 'critical' }) }];
    b.store.failing = () => true;
    assert.equal((await findingRecords(b.records, rollups).append(made)).ok, false);
    assert.deepEqual([rollups.state.counted, rollups.state.lastCritical], [0, undefined]);
    b.store.failing = () => false;
    assert.ok((await findingRecords(b.records, rollups).append(made)).ok);
    assert.deepEqual(rollups.series('day', 1)[0]?.rollup.checks, { ssh_bruteforce: 1 });
    assert.deepEqual((await b.open()).series('day', 1), rollups.series('day', 1));
  });

  test('what the counts lack is counted at start; without any, all is', async () => {
    const rollups = await b.open();
    await keep(rollups, 6, true);
    const whole = { state: rollups.state, days: rollups.series('day', 2) };
    await b.records.write(async (writes) => {
      await writes.delete(rollupState, ['findings']);
      for (const key of b.store.keys().filter((one) => one.startsWith('rollup!'))) {
        const decoded = stored.key.decode(key);
        if (decoded !== undefined) await writes.delete(stored, decoded);
      }
    });
    const rebuilt = await b.open();
    assert.deepEqual({ state: rebuilt.state, days: rebuilt.series('day', 2) }, whole);
    assert.equal(rebuilt.state.suppressed, 2);
    assert.deepEqual((await b.open()).state, whole.state);
  });

  test('suppressed findings are no part of the statistics', async () => {
    const rollups = await b.open();
    await keep(rollups, 6, true);
    const [today] = rollups.series('day', 1);
    const yesterday = rollups.series('day', 2)[0];
    const sum = (today?.rollup.checks['ssh_bruteforce'] ?? 0) + (yesterday?.rollup.checks['ssh_bruteforce'] ?? 0);
    assert.equal(sum, 4);
  });

  test('old buckets go, in memory and on disk, and what is too old is in none', async () => {
    const rollups = await b.open();
    const daily = Array.from({ length: 400 }, (_, day) => ({
      finding: sampleFinding('203.0.113.1', millis(b.clock.now() - days(day))),
    }));
    const buckets = (unit: string) => b.store.keys().filter((key) => key.startsWith(`rollup!${unit}!`)).length;
    await findingRecords(b.records, rollups).append(daily);
    assert.deepEqual([buckets('day'), buckets('hour'), rollups.state.counted], [366, 2, 400]);
    b.clock.advance(days(100));
    await findingRecords(b.records, rollups).append([{ finding: sampleFinding('203.0.113.2', b.clock.now()) }]);
    assert.equal(buckets('day'), 267);
    const kept = rollups.series('day', 366).filter(({ rollup }) => rollup.checks['ssh_bruteforce'] !== undefined);
    assert.equal(kept.length, 267);
  });

  const severe = (severity: string) => ({ where: { op: 'eq', field: 'severity', value: severity } }) as const;

  test('pages follow the serials; suppressed findings leave no holes', async () => {
    const rollups = await b.open();
    await keep(rollups, 9, true);
    const history = historyOf(rollups, 9);
    const page = async (filter: object, limit: number, offset: number) => {
      const { rows, total, truncated } = await history.page(filter, { limit, offset });
      return [serials(rows), total, truncated];
    };
    assert.deepEqual(await page({}, 3, 0), [[8, 7, 5], 6, false]);
    assert.deepEqual(await page({}, 3, 4), [[2, 1], 6, false]);
    assert.deepEqual(await page({}, 3, 99), [[], 6, false]);
    assert.deepEqual(await page({ suppressed: 'include' }, 3, 0), [[9, 8, 7], 9, false]);
    assert.deepEqual(await page({ suppressed: 'include' }, 3, 7), [[2, 1], 9, false]);
    assert.deepEqual(await page({ suppressed: 'only' }, 3, 0), [[9, 6, 3], 3, false]);
    assert.deepEqual(await page(severe('critical'), 9, 0), [[8, 4, 2], 3, false]);
    assert.deepEqual(await page(severe('critical'), 1, 1), [[4], 3, false]);
    assert.deepEqual(await page({ where: mentions('113.4') }, 9, 0), [[5], 1, false]);
  });

  test('a history without suppressions is read from the place asked for', async () => {
    const rollups = await b.open();
    await keep(rollups, 9);
    const { rows, total } = await historyOf(rollups, 9).page({}, { limit: 2, offset: 3 });
    assert.deepEqual([serials(rows), total], [[6, 5], 9]);
    assert.deepEqual(serials((await historyOf(rollups, 0).page({}, { limit: 2, offset: 3 })).rows), []);
  });

  test('the newest come one by one, as many as are wanted', async () => {
    const rollups = await b.open();
    await keep(rollups, 9, true);
    const history = historyOf(rollups, 9);
    assert.deepEqual(serials(await collect(history.newest({}, 4))), [8, 7, 5, 4]);
    assert.deepEqual(serials(await collect(history.newest({ from: plus(b.clock.now(), hours(1)) }, 4))), []);
    for await (const { serial } of history.newest({}, 4)) {
      assert.equal(serial, 8);
      break;
    }
  });

  test('many searches at once all get their answer', async () => {
    const rollups = await b.open();
    await keep(rollups, 9);
    const history = historyOf(rollups, 9);
    const found = await Promise.all(
      Array.from({ length: 20 }, () => history.page(severe('high'), { limit: 1, offset: 0 })),
    );
    assert.deepEqual(new Set(found.map(({ total }) => total)), new Set([5]));
  });

  test('who takes the newest one by one holds up no other search, however slow', async () => {
    const rollups = await b.open();
    await keep(rollups, 1500);
    const history = historyOf(rollups, 1500);
    const slow = Array.from({ length: 5 }, () => history.newest({}, 1200)[Symbol.asyncIterator]());
    const firsts = await Promise.all(slow.map((reader) => reader.next()));
    assert.deepEqual(
      firsts.map(({ value }) => value?.serial),
      [1500, 1500, 1500, 1500, 1500],
    );
    assert.equal((await history.page({ where: mentions('nothing') }, { limit: 1, offset: 0 })).total, 0);
    const rest = await collect({ [Symbol.asyncIterator]: () => slow[0] ?? assert.fail() });
    assert.deepEqual(
      serials(rest),
      Array.from({ length: 1199 }, (_, i) => 1499 - i),
    );
  });

  test('no more than two searches read at a time, of the newest too', async () => {
    const rollups = await b.open();
    await keep(rollups, 3);
    let reading = 0;
    let most = 0;
    const records: typeof b.records = {
      ...b.records,
      list: async function* (...args: Parameters<typeof b.records.list>) {
        most = Math.max(most, ++reading);
        try {
          yield* b.records.list(...args);
        } finally {
          reading--;
        }
      } as typeof b.records.list,
    };
    const counts = () => ({ findings: 3, suppressed: 0 });
    const history = new FindingHistory({ records, counts });
    const all = [
      ...Array.from({ length: 4 }, () => collect(history.newest({}, 9))),
      ...Array.from({ length: 4 }, () => history.page({}, { limit: 9, offset: 0 })),
    ];
    await Promise.all(all);
    assert.equal(most, 2);
  });
});
