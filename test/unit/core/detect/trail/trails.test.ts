import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Millis, millis } from '../../../../../core/base/time.ts';
import { TextKeys } from '../../../../../core/detect/trail/keys.ts';
import { NONE } from '../../../../../core/detect/trail/sightings.ts';
import { RECENT_TURNS, Trails } from '../../../../../core/detect/trail/trails.ts';
import { keep, stored } from '../../../../support/detectors.ts';
import { seeded } from '../../../../support/random.ts';

const check = (name: string) => ({ name, window: millis(10), quiet: millis(10) });

const make = (names: readonly string[] = ['c', 'd']): Trails =>
  new Trails({ checks: names.map(check), keys: (texts) => new TextKeys(texts), valuesAreTexts: true, salt: 7 });

/** One more sighting of a key, counted by the checks with these bits. */
function see(trails: Trails, key: string, at: number, checks = 1): void {
  const found = trails.find(key);
  const row = found === NONE ? trails.create(key) : found;
  trails.insert(row, {
    at: at as Millis,
    position: { source: 'f', offset: at },
    provenance: 'file',
    weight: 1,
    checks,
    value: trails.texts.hold(`v${at % 3}`),
    peer: 0,
    port: 0,
  });
  trails.settle(row);
}

/** Oldest first: time and checks. */
function seen(trails: Trails, key: string): readonly (readonly [number, number])[] {
  const row = trails.find(key);
  const list: (readonly [number, number])[] = [];
  const { sightings } = trails;
  for (let i = row === NONE ? NONE : trails.newest(row); i !== NONE; i = sightings.older(i)) {
    list.unshift([sightings.at(i), sightings.checks(i)]);
  }
  return list;
}

test('sightings lie in order of time, behind equals', () => {
  const trails = make();
  for (const [at, checks] of [
    [105, 1],
    [108, 1],
    [105, 2],
    [100, 3],
  ] as const)
    see(trails, 'a', at, checks);
  assert.deepEqual(seen(trails, 'a'), [
    [100, 3],
    [105, 1],
    [105, 2],
    [108, 1],
  ]);
});

test('what no check counts any more goes, and the key with the last of it', () => {
  const trails = make();
  see(trails, 'a', 100, 3);
  see(trails, 'a', 101, 1);
  const row = trails.find('a');
  trails.sightings.discount(trails.newest(row), 1);
  trails.settle(row);
  assert.deepEqual(seen(trails, 'a'), [[100, 3]]);
  trails.sightings.discount(trails.newest(row), 3);
  trails.settle(row);
  assert.equal(trails.find('a'), NONE);
  assert.equal(trails.bytes(), 0);
});

test('a silenced key stays while it is quiet', () => {
  const trails = make();
  see(trails, 'a', 100, 1);
  const row = trails.find('a');
  trails.silence(row, 1, millis(120));
  trails.sightings.discount(trails.newest(row), 1);
  trails.settle(row);
  assert.equal(trails.quietAt(row, millis(119)), 2);
  assert.equal(trails.quietAt(row, millis(120)), 0);
});

test('beyond the bytes the least recently written of the lowest level goes', () => {
  const trails = make();
  for (const key of ['a', 'b', 'c']) see(trails, key, 100);
  const three = trails.bytes();
  see(trails, 'a', 101);
  see(trails, 'd', 101);
  assert.equal(trails.evict(trails.bytes() - 1), 1);
  assert.equal(trails.find('b'), NONE);
  assert.ok(trails.find('a') !== NONE && trails.find('c') !== NONE && trails.find('d') !== NONE);
  assert.ok(trails.evict(three / 2) > 0);
  assert.ok(trails.bytes() <= three / 2);
  trails.evict(0);
  assert.deepEqual([trails.bytes(), trails.size], [0, 0]);
});

test('no flood of keys drives out those of which more is known, as long as these hold no more than their share', () => {
  const random = seeded();
  const budget = 200_000;
  const trails = make();
  const slow = Array.from({ length: 40 }, (_, i) => `slow${i}`);
  for (let at = 100; at < 104; at++) for (const key of slow) see(trails, key, at);
  for (let i = 0; i < 30_000; i++) {
    const key = `flood${i}`;
    // Many come once, some twice, few thrice: all below what is known of the slow ones.
    for (let times = random() ** 3 * 3; times >= 0; times--) see(trails, key, 105);
    trails.evict(budget);
    assert.ok(trails.bytes() <= budget);
  }
  for (const key of slow) assert.equal(seen(trails, key).length, 4, key);
});

test('a key long past is forgotten, but not while few others came after it', () => {
  const trails = make();
  see(trails, 'old', 100);
  for (let i = 0; i < RECENT_TURNS - 64; i++) see(trails, `k${i % 50}`, 121);
  assert.notEqual(trails.find('old'), NONE);
  for (let i = 0; i < 128; i++) see(trails, `k${i % 50}`, 121);
  assert.equal(trails.find('old'), NONE);
});

test('a snapshot has only what changed, and what comes and goes in between leaves no trace', () => {
  const trails = make();
  for (let i = 0; i < 500; i++) see(trails, `k${i}`, 100);
  assert.equal(trails.snapshot().length, 501);
  assert.deepEqual(trails.snapshot(), []);
  see(trails, 'k7', 101);
  for (let i = 0; i < 10; i++) see(trails, `x${i}`, 101);
  trails.evict(trails.bytes() - 1);
  const [, ...changes] = trails.snapshot();
  assert.deepEqual(
    changes.map(([key, value]) => [key, value !== undefined]).sort(),
    [['=k0', false], ['=k7', true], ...Array.from({ length: 10 }, (_, i) => [`=x${i}`, true])].sort(),
  );
  trails.evict(0);
  see(trails, 'k9', 102);
  assert.ok(trails.snapshot().every(([key, value]) => (value !== undefined) === (key === ' clock' || key === '=k9')));
});

test('where nobody takes snapshots, what changed is not remembered without bound', () => {
  const trails = make();
  for (let i = 0; i < 30_000; i++) {
    see(trails, `k${i}`, 100);
    trails.evict(10_000);
  }
  see(trails, 'last', 101);
  assert.ok(trails.snapshot().length < 100);
});

test('restored with other checks, what they share goes on and the rest is left out', () => {
  const [before, after] = [make(['c', 'd']), make(['x', 'd', 'c'])];
  see(before, 'a', 100, 1);
  see(before, 'a', 101, 3);
  before.silence(before.find('a'), 1, millis(111));
  before.settle(before.find('a'));
  const store = new Map<string, unknown>();
  keep(store, before.snapshot());
  assert.equal(after.restore(stored(store)).skipped, 0);
  assert.deepEqual(seen(after, 'a'), [
    [100, 4],
    [101, 6],
  ]);
  assert.equal(after.quietAt(after.find('a'), millis(110)), 2);
  const none = make(['y']);
  none.restore(stored(store));
  assert.equal(none.size, 0);
});

test('what cannot be read is skipped and counted', () => {
  const trails = make();
  const [, whole] = ((): unknown[] => {
    const other = make();
    see(other, 'a', 100);
    return other.snapshot().map(([, value]) => value);
  })();
  const bad = [
    null,
    7,
    'x',
    [],
    [1],
    [1, [], []].concat([1]),
    [1, [0], []],
    [-1, [], []],
    [1, [], [7]],
    [1, [], [], 1, 2, 3],
    [1, [], ['f'], 100, 0, 9, 2, 1, 1, 0, 0, 0],
    [1, [], ['f'], 100, 0, 1, 9, 1, 1, 0, 0, 0],
    [1, [], ['f'], 100, 0, 1, 2, 1, 1, 5, 0, 0],
  ];
  const entries = bad.map((value, i) => [`=k${i}`, value] as const);
  const { skipped } = trails.restore([
    ...entries,
    [' clock', 'x'],
    ['no key', whole],
    ['=gone', undefined],
    ['=a', whole],
  ]);
  assert.equal(skipped, bad.length + 2);
  assert.equal(trails.size, 1);
});

test('what drags long texts along goes before what is light, though it is on a higher level', () => {
  const trails = make();
  for (let i = 0; i < 100; i++) see(trails, `light${i}`, 100);
  for (let i = 0; i < 400; i++) {
    const key = `heavy${i}`;
    for (let n = 0; n < 8; n++) {
      const found = trails.find(key);
      const row = found === NONE ? trails.create(key) : found;
      trails.insert(row, {
        at: millis(101),
        position: { source: 'f', offset: 0 },
        provenance: 'file',
        weight: 1,
        checks: 1,
        value: trails.texts.hold(`${i} ${n} ${'x'.repeat(250)}`),
        peer: 0,
        port: 0,
      });
      trails.settle(row);
    }
    trails.evict(150_000);
  }
  const light = Array.from({ length: 100 }, (_, i) => seen(trails, `light${i}`).length);
  assert.equal(
    light.reduce((a, b) => a + b),
    100,
  );
});
