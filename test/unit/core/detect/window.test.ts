import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Millis, millis } from '../../../../core/base/time.ts';
import type { StateChange } from '../../../../core/detect/detector.ts';
import { KeyedWindows, RECENT_TURNS } from '../../../../core/detect/window.ts';
import { fc } from '../../../support/random.ts';

const make = (maxKeys = 100): KeyedWindows<string> =>
  new KeyedWindows({
    length: millis(10),
    maxKeys,
    readNote: (value) => (typeof value === 'string' ? value : undefined),
    noteBytes: (note) => note.length,
  });

const sighting = (at: number, note = '') =>
  ({ at: at as Millis, weight: 1, position: { source: 'f', offset: at }, provenance: 'file', note }) as const;

const times = (windows: KeyedWindows<string>, key: string, at: number) =>
  windows.at(key, millis(at))?.map((seen) => seen.at as number);

test('a window is open at its old end', () => {
  const windows = make();
  windows.add('a', sighting(100));
  assert.deepEqual(times(windows, 'a', 109), [100]);
  assert.deepEqual(times(windows, 'a', 110), []);
  assert.deepEqual(times(windows, 'b', 105), []);
});

test('a late sighting is put in its place, behind equals; one older than the window does not count', () => {
  const windows = make();
  windows.add('a', sighting(105, 'first'));
  windows.add('a', sighting(108));
  windows.add('a', sighting(105, 'second'));
  assert.deepEqual(
    windows.add('a', sighting(100)).map(({ at, note }) => `${at}${note}`),
    ['100', '105first', '105second', '108'],
  );
  assert.equal(times(windows, 'a', 98), undefined);
});

test('other keys do not move the window', () => {
  const windows = make();
  windows.add('a', sighting(100));
  windows.add('b', sighting(100_000));
  assert.deepEqual(times(windows, 'a', 101), [100]);
});

test('a silenced key is empty and deaf until its moment', () => {
  const windows = make();
  windows.add('a', sighting(100));
  windows.silence('a', millis(120));
  assert.equal(times(windows, 'a', 119), undefined);
  assert.deepEqual(times(windows, 'a', 120), []);
});

test('beyond the limit the key written least recently goes', () => {
  const windows = make(2);
  windows.add('a', sighting(100));
  windows.add('b', sighting(100));
  windows.add('a', sighting(101));
  windows.add('c', sighting(101));
  assert.deepEqual(times(windows, 'a', 102), [100, 101]);
  assert.deepEqual(times(windows, 'b', 102), []);
  assert.equal(windows.size, 2);
});

test('a key long past is forgotten, but not while few others came after it', () => {
  const windows = make(100_000);
  windows.add('old', sighting(100));
  windows.add('new', sighting(200));
  for (let i = 0; i < RECENT_TURNS - 2; i++) windows.silence('new', millis(0));
  assert.equal(windows.size, 2);
  windows.silence('new', millis(0));
  assert.equal(windows.size, 1);
});

test('bytes follow what is held, and evict drops the oldest down to the limit', () => {
  const windows = make();
  for (let i = 0; i < 50; i++) windows.add(`k${i}`, sighting(100, 'note'));
  const full = windows.bytes();
  assert.equal(windows.evict(full), 0);
  assert.ok(windows.evict(full / 2) >= 25);
  assert.ok(windows.bytes() <= full / 2 && windows.bytes() > full / 3);
  assert.deepEqual(times(windows, 'k0', 101), []);
  assert.deepEqual(times(windows, 'k49', 101), [100]);
  windows.evict(0);
  assert.equal(windows.bytes(), 0);
});

test('a snapshot has only what changed, whatever else is held', () => {
  const windows = make(10_000);
  for (let i = 0; i < 5000; i++) windows.add(`k${i}`, sighting(100));
  assert.equal(windows.snapshot().length, 5001);
  assert.deepEqual(windows.snapshot(), []);
  windows.add('k7', sighting(101));
  assert.deepEqual(
    windows
      .snapshot()
      .map(([key]) => key)
      .sort(),
    [' clock', 'k7'],
  );
});

test('what comes and goes between two snapshots leaves no trace in the second', () => {
  const windows = make(1);
  windows.add('a', sighting(100));
  windows.snapshot();
  for (let i = 0; i < 10; i++) windows.add(`k${i}`, sighting(100));
  assert.deepEqual(
    windows
      .snapshot()
      .map(([key, value]) => [key, value !== undefined])
      .sort(),
    [
      [' clock', true],
      ['a', false],
      ['k9', true],
    ],
  );
});

/** Puts snapshots together as a store would: in key order, through JSON. */
function stored(snapshots: readonly (readonly StateChange[])[]): StateChange[] {
  const state = new Map<string, string>();
  for (const [key, value] of snapshots.flat()) {
    if (value === undefined) state.delete(key);
    else state.set(key, JSON.stringify(value));
  }
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, JSON.parse(value)]);
}

const action = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  at: fc.integer({ min: 0, max: 60 }),
  what: fc.constantFrom('add', 'add', 'add', 'silence', 'snapshot'),
});

test('restored from its snapshots it goes on as if it had never stopped', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.array(action, { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      (before, after, max) => {
        const windows = make(max);
        const snapshots: (readonly StateChange[])[] = [];
        const run = (on: KeyedWindows<string>, actions: typeof before) =>
          actions.map(({ key, at, what }) => {
            if (what === 'snapshot') snapshots.push(on.snapshot());
            else if (what === 'silence') on.silence(key, millis(at));
            else if (on.at(key, millis(at)) !== undefined) on.add(key, sighting(at));
            return [on.size, on.bytes(), ...['a', 'b', 'c', 'd', 'e'].map((k) => times(on, k, at))];
          });
        run(windows, before);
        snapshots.push(windows.snapshot());
        const other = make(max);
        assert.deepEqual(other.restore(stored(snapshots)), { skipped: 0 });
        const expected = run(windows, after);
        assert.deepEqual(run(other, after), expected);
      },
    ),
  );
});

test('the order and age of keys outlive a restart even when the newest key does not', () => {
  const windows = make();
  windows.add('old', sighting(100));
  windows.add('gone', sighting(900));
  for (let i = 0; i < RECENT_TURNS; i++) windows.silence('old', millis(0));
  const other = make();
  other.restore(stored([windows.snapshot().filter(([key]) => key !== 'gone')]));
  const clock = other.snapshot();
  assert.deepEqual(clock, []);
  other.add('new', sighting(100));
  assert.deepEqual(JSON.stringify(other.snapshot()[0]), JSON.stringify([' clock', [RECENT_TURNS + 3, 900]]));
});

test('what cannot be read is skipped and counted', () => {
  const good = make();
  good.add('a', sighting(100));
  const row = [100, 1, 'f', 0, 'file', 'note'];
  const bad: StateChange[] = [
    ['b', null],
    ['c', [1]],
    ['d', [1, null, row.with(0, 'x')]],
    ['e', [1, null, row.with(4, 'god')]],
    ['f', [1, null, row.with(5, 7)]],
    ['g', [-1, null]],
    [' clock', 'x'],
  ];
  const windows = make();
  assert.deepEqual(windows.restore([...good.snapshot(), ...bad, ['h', undefined]]), { skipped: bad.length });
  assert.equal(windows.size, 1);
});
