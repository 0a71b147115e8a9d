import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { KernelLists } from '../../../../actors/firewall/index.ts';
import {
  type Found,
  type Generation,
  GenerationBook,
  type GenerationStore,
  ListKeeper,
  type ListTrouble,
} from '../../../../actors/lists/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { fail, ok, type Result } from '../../../../core/base/result.ts';
import { hours, minutes, seconds } from '../../../../core/base/time.ts';
import { listIdOf, listSpecsOf } from '../../../../core/config/lists-setting.ts';
import { readWell } from '../../../support/lists.ts';
import { seeded } from '../../../support/random.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { loaded } from '../../core/config/surroundings.ts';

const BAD = '{ name: bad, source: /etc/bad, refresh: 1h }';

/** Generations in memory, on a disk that may be full. */
class MemoryGenerations implements GenerationStore {
  readonly kept = new Map<string, Generation>();
  fault: string | undefined;
  damaged: string | undefined;

  async load({ id }: { id: string }) {
    if (this.damaged !== undefined) return { damaged: this.damaged };
    const generation = this.kept.get(id);
    return generation === undefined ? {} : { generation };
  }

  async save({ id }: { id: string }, generation: Generation) {
    if (this.fault !== undefined) throw new Error(this.fault);
    this.kept.set(id, generation);
  }

  async prune(lists: readonly { id: string }[]) {
    for (const id of this.kept.keys()) if (!lists.some((one) => one.id === id)) this.kept.delete(id);
  }
}

function bench(yaml = BAD, store = new MemoryGenerations()) {
  const clock = new SimulatedClock();
  let config = loaded(`lists: [${yaml}]\n`).config;
  const book = new GenerationBook();
  const told: ListTrouble[] = [];
  const published: string[] = [];
  const asked: string[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const answers: (Result<Found, 'unreachable' | 'refused'> | string)[] = [];
  const random = seeded();
  let changes = 0;
  const kernel: KernelLists = {
    changed: async () => {
      changes++;
      return { ok: true, value: undefined };
    },
    facts: () => ({ inKernel: true, protected: 0 }),
    packets: async () => new Map([['bad', { packets: 3, bytes: 180 }]]),
    expected: () => [],
  };
  const keeper = new ListKeeper({
    config: () => config,
    confirmed: [],
    book,
    store,
    kernel,
    clock,
    random: { bytes: (count) => Uint8Array.from({ length: count }, () => random() * 256) },
    log: () => {},
    tell: (trouble) => told.push(trouble),
    publish: ({ name, state }) => published.push(`${name} ${state}`),
    read: async ({ name }, mark, { signal }) => {
      signals.push(signal);
      asked.push(`${name} ${mark?.etag ?? 'new'}`);
      const answer = answers.shift() ?? fail('unreachable', 'nobody is there');
      if (typeof answer !== 'string') return answer;
      if (answer === 'never') return new Promise(() => {});
      return ok({ kind: 'list', reading: readWell(answer), mark: { etag: `v${asked.length}` } });
    },
  });
  const row = async () => {
    const [first] = await keeper.list();
    assert.ok(first);
    return first;
  };
  const configure = (text: string): Promise<void> => {
    config = loaded(text === '' ? '' : `lists: [${text}]\n`).config;
    return keeper.follow();
  };
  return {
    clock,
    book,
    store,
    told,
    published,
    asked,
    signals,
    answers,
    keeper,
    row,
    configure,
    changes: () => changes,
  };
}

/** A list of so many entries. */
const entries = (count: number): string =>
  Array.from({ length: count }, (_, i) => `198.51.${100 + (i >> 7)}.${(i & 127) * 2}`).join('\n');

let b: ReturnType<typeof bench>;
beforeEach(() => {
  b = bench();
});

test('a list is looked at within half a minute of the start, and then as often as it says', async () => {
  b.answers.push(entries(3), ok({ kind: 'unchanged' }), ok({ kind: 'unchanged' }));
  await b.keeper.start();
  assert.equal((await b.row()).state, 'never_loaded');
  b.clock.advance(seconds(30));
  await settled();
  const { state, entries: held, generation, packets, fetchedAt } = await b.row();
  assert.deepEqual([state, held[4].addresses, generation, packets], ['current', 3, 1, 3]);
  assert.equal(fetchedAt, (await b.row()).checkedAt);
  assert.deepEqual([b.asked, b.published, b.changes()], [['bad new'], ['bad current'], 1]);
  b.clock.advance(minutes(54) - 1);
  await settled();
  assert.equal(b.asked.length, 1);
  b.clock.advance(minutes(12) + 1);
  await settled();
  assert.deepEqual(b.asked, ['bad new', 'bad v1']);
  await b.keeper.stop();
  assert.equal(b.clock.pending, 0);
});

test('a source that fails leaves the last good generation, is tried sooner, and told of after three times', async () => {
  b.answers.push(entries(3));
  await b.keeper.start();
  await b.keeper.refresh('bad');
  const failed = await b.keeper.refresh('bad');
  assert.deepEqual([failed.ok, failed.ok ? '' : failed.public], [false, 'nobody is there']);
  const { state, lastError, entries: held, nextRefresh = 0 } = await b.row();
  assert.deepEqual([state, lastError, held[4].addresses], ['stale', 'nobody is there', 3]);
  assert.ok(nextRefresh - b.clock.now() <= minutes(1.1));
  assert.equal(b.keeper.component()?.state, 'degraded');
  b.clock.advance(minutes(1.1));
  await settled();
  assert.deepEqual(b.told, []);
  b.clock.advance(minutes(2.2));
  await settled();
  assert.deepEqual(b.told, [{ list: 'bad', what: 'stale', why: 'nobody is there' }]);
  b.answers.push(ok({ kind: 'unchanged' }));
  assert.equal((await b.keeper.refresh('bad')).ok, true);
  assert.deepEqual([(await b.row()).state, b.keeper.component()?.state], ['current', 'ok']);
});

test('what is no list is refused and told of at once', async () => {
  b.answers.push(entries(3), fail('refused', 'it is a web page'), fail('refused', 'it is a web page'));
  await b.keeper.start();
  for (let i = 0; i < 3; i++) await b.keeper.refresh('bad');
  assert.equal((await b.row()).state, 'refused');
  assert.deepEqual(b.told, [{ list: 'bad', what: 'refused', why: 'it is a web page' }]);
});

test('news that differ too much are held until somebody accepts them', async () => {
  b.answers.push(entries(200), entries(99), entries(99));
  await b.keeper.start();
  assert.equal((await b.keeper.accept('bad')).ok, false);
  for (let i = 0; i < 3; i++) await b.keeper.refresh('bad');
  const { state, held, entries: inForce } = await b.row();
  assert.deepEqual([state, held?.entries[4].addresses, inForce[4].addresses], ['held', 99, 200]);
  assert.deepEqual(b.asked, ['bad new', 'bad v1', 'bad v1']);
  assert.deepEqual(
    b.told.map(({ what }) => what),
    ['held'],
  );
  const accepted = await b.keeper.accept('bad');
  assert.deepEqual(accepted.ok && [accepted.value.state, accepted.value.generation], ['current', 2]);
  assert.equal((await b.row()).entries[4].addresses, 99);
});

test('a disk that is full keeps nothing from being enforced, and is told', async () => {
  b.store.fault = 'ENOSPC';
  b.answers.push(entries(3));
  await b.keeper.start();
  assert.equal((await b.keeper.refresh('bad')).ok, true);
  assert.equal((await b.row()).state, 'current');
  assert.match(b.keeper.component()?.message ?? '', /bad: it is in force and cannot be kept on disk: ENOSPC/);
});

test('what was kept is in force before anything is fetched, unless its source is another', async () => {
  b.answers.push(entries(5));
  await b.keeper.start();
  await b.keeper.refresh('bad');
  const again = bench(BAD, b.store);
  await again.keeper.load();
  assert.equal((await again.row()).entries[4].addresses, 5);
  assert.deepEqual(again.asked, []);
  assert.deepEqual(
    again.keeper.covering('198.51.100.2' as Ip).map(({ name }) => name),
    ['bad'],
  );
  const moved = bench('{ name: bad, source: /etc/other }', b.store);
  await moved.keeper.load();
  assert.equal((await moved.row()).state, 'never_loaded');
});

test('damage to what was kept is no start without the list', async () => {
  b.store.damaged = 'its checksum is wrong';
  b.answers.push(entries(5));
  await b.keeper.load();
  await b.keeper.start();
  assert.equal((await b.keeper.refresh('bad')).ok, true);
});

test('lists come and go with the settings', async () => {
  b.answers.push(entries(3), entries(4));
  await b.keeper.start();
  await b.keeper.refresh('bad');
  await b.configure(`${BAD}, { name: worse, source: "country:XK", kind: allow, mode: count }`);
  b.clock.advance(0);
  await settled();
  assert.deepEqual(
    (await b.keeper.list()).map(({ name, kind, mode, state }) => [name, kind, mode, state].join(' ')),
    ['bad block enforce current', 'worse allow count current'],
  );
  await b.configure('');
  assert.deepEqual(await b.keeper.list(), []);
  assert.equal(b.keeper.component(), undefined);
  b.clock.advance(hours(48));
  await settled();
  assert.equal(b.asked.length, 2);
  // Should the change be taken back, nothing has to be fetched for it.
  await b.configure(BAD);
  assert.equal((await b.row()).entries[4].addresses, 3);
});

const TRIED = loaded(
  `lists: [${BAD}, { name: worse, source: /etc/worse }, { name: other, source: /etc/other }]`,
).config;
const tried = listSpecsOf(TRIED)
  .slice(0, 2)
  .map((spec) => ({ id: listIdOf(spec) }));

test('what a change would put in force is read ahead of its trial, and comes into force with it', async () => {
  b.answers.push(entries(3), entries(4));
  await b.keeper.start();
  await b.keeper.refresh('bad');
  assert.deepEqual(await b.keeper.fetchFirst(TRIED, tried), { ok: true, value: undefined });
  assert.deepEqual([b.asked, b.changes(), b.store.kept.size], [['bad new', 'worse new'], 1, 2]);
  await b.configure(`${BAD}, { name: worse, source: /etc/worse }`);
  b.clock.advance(0);
  await settled();
  assert.equal(b.asked.length, 2);
  assert.deepEqual(
    (await b.keeper.list()).map(({ state }) => state),
    ['current', 'current'],
  );
  await b.keeper.stop();
});

test('what cannot be read, or not in time, cannot be tried', async () => {
  const failed = await b.keeper.fetchFirst(TRIED, tried);
  assert.match(failed.ok ? '' : failed.public, /^the list bad cannot be tried: nobody is there\. .*mode count/);
  b.answers.push('never');
  const slow = b.keeper.fetchFirst(TRIED, tried);
  await settled();
  b.clock.advance(seconds(10));
  const late = await slow;
  assert.match(late.ok ? '' : late.public, /^the list bad cannot be tried: it could not be read within 10 s/);
  assert.equal(b.clock.pending, 0);
  assert.equal(b.store.kept.size, 0);
});

test('unknown lists are not found', async () => {
  for (const done of [await b.keeper.refresh('x'), await b.keeper.accept('x')]) {
    assert.equal(done.ok ? '' : done.code, 'not_found');
  }
});

test('to stop ends what is under way, and nothing is told of it', async () => {
  await b.keeper.start();
  const slow = b.keeper.refresh('bad');
  await settled();
  const stopped = b.keeper.stop();
  await Promise.all([slow, stopped]);
  assert.equal(b.signals[0]?.aborted, true);
});
