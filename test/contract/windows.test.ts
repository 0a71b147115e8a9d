/** `native/windows` against the slow reference, against a restart, and against the plain windows: findings, memory, what is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWindows } from '../../actors/pipeline/native-windows.ts';
import { type CheckSettings, createDetectors, type DetectorOptions } from '../../core/detect/checks.ts';
import { DETECTOR_MEMORY, Pipeline } from '../../core/detect/pipeline.ts';
import type { SourceGroups } from '../../core/detect/trail/keys.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { ENTRY, ENTRY_NUMBERS, openWindows, RUN, type WindowEngines } from '../../native/windows/index.ts';
import { keep, stored } from '../support/detectors.ts';
import { ip as addressOf, sshEvent } from '../support/events.ts';
import { fc } from '../support/random.ts';
import { sameAfterRestart, sameAsReference } from '../support/reference/properties.ts';
import { FAMILY_NAMES, streamOf } from '../support/reference/streams.ts';

function engines(): WindowEngines {
  const opened = openWindows();
  assert.ok(opened.ok, opened.ok ? '' : opened.public);
  return opened.value;
}

/** All streams, also those that the product counts plainly. */
const native = (options: DetectorOptions = {}): DetectorOptions => ({
  ...options,
  windows: (settings) => new NativeWindows(engines(), settings),
});

for (const family of FAMILY_NAMES) {
  test(`${family}: finds what a slow reference finds`, () => {
    let found = 0;
    const count = (findings: number): void => {
      found += findings;
    };
    fc.assert(sameAsReference([family], count, native()), { numRuns: 12 });
    assert.ok(found > 0, `only ${found} findings were compared`);
  });

  test(`${family}: stopped anywhere and restored, it finds the same`, () => {
    fc.assert(sameAfterRestart([family], native()), { numRuns: 12 });
  });
}

const groups: fc.Arbitrary<SourceGroups> = fc.constantFrom({ v4: 32, v6: 64 }, { v4: 24, v6: 48 }, { v4: 8, v6: 16 });

test('what is found, held and stored is what the plain windows find, hold and store', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...FAMILY_NAMES).chain((family) => streamOf(family, 300)),
      groups,
      fc.constantFrom(1_500, 6_000, 2 ** 30),
      fc.integer({ min: 2, max: 9 }),
      (events, by, memory, often) => {
        const settings: CheckSettings = { ssh_bruteforce: { threshold: 2, window: 600_000 as never } };
        const [plain, tested] = [{}, native()].map(
          (options) => new Pipeline(new Map(), createDetectors(settings, { groups: by, ...options }), memory),
        ) as [Pipeline, Pipeline];
        const stores = [new Map(), new Map()] as const;
        events.forEach((event, i) => {
          assert.deepEqual(tested.judge(event), plain.judge(event));
          assert.equal(tested.bytes(), plain.bytes());
          if (i % often !== 0) return;
          if (event.sourceIp !== undefined && i % 5 === 0)
            for (const one of [plain, tested]) one.forget(event.sourceIp);
          for (const [n, one] of [plain, tested].entries()) {
            for (const { check, changes } of one.snapshot()) {
              const entries = new Map<string, unknown>(stores[n as 0 | 1].get(check));
              keep(entries, changes);
              stores[n as 0 | 1].set(check, entries);
            }
          }
          assert.deepEqual(stores[1], stores[0]);
        });
      },
    ),
    { numRuns: 150 },
  );
});

test('what plain windows stored, and damage in it, is read the same', () => {
  const events = Array.from({ length: 500 }, (_, i) =>
    sshEvent(i, i, { sourceIp: addressOf(`192.0.2.${i % 60}`), user: `u${i % 7}`, host: 'h', sourcePort: i % 5 }),
  );
  const source = new Pipeline(new Map(), createDetectors());
  for (const event of events.slice(0, 200)) source.judge(event);
  const states = source.snapshot().map(({ check, changes }) => {
    const entries = new Map<string, unknown>();
    keep(entries, changes);
    entries.set('no key', [1, [0, 5], []]);
    entries.set('192.0.2.9', 'no trail');
    entries.set('192.0.2.300', [1, [0, 5], []]);
    entries.set('192.0.2.8/32', [1, [0, 5], []]);
    return { check, changes: stored(entries) };
  });
  const [plain, tested] = [{}, native()].map((options) => {
    const pipeline = new Pipeline(new Map(), createDetectors({}, options));
    const { skipped } = pipeline.restore(states);
    return { skipped, bytes: pipeline.bytes(), found: events.slice(200).flatMap((event) => pipeline.judge(event)) };
  });
  assert.ok((plain?.skipped ?? 0) > 2 && (plain?.found.length ?? 0) > 0);
  assert.deepEqual(tested, plain);
});

test('an account without a name is known again after a restart', () => {
  const settings: CheckSettings = { ssh_distributed_bruteforce: { threshold: 2, window: 600_000 as never } };
  const make = (): Pipeline => new Pipeline(new Map(), createDetectors(settings, native()));
  const nameless = (i: number) => sshEvent(i, i, { sourceIp: addressOf(`192.0.2.${i}`), user: '' });
  const first = make();
  assert.deepEqual(first.judge(nameless(1)), []);
  const second = make();
  second.restore(first.snapshot());
  assert.deepEqual(
    second.judge(nameless(2)).map(({ check }) => check),
    ['ssh_distributed_bruteforce'],
  );
});

test('a million sources at once stay within the memory, also after a flood of long names', { timeout: 60_000 }, () => {
  const pipeline = new Pipeline(new Map(), createDetectors({}, native()));
  const before = beside();
  for (let i = 0; i < 1_100_000; i++) {
    const source = `${11 + (i >> 20)}.${(i >> 12) & 255}.${(i >> 4) & 255}.${(i & 15) * 16 + 1}`;
    const user = i < 100_000 ? `${i}${'x'.repeat(300)}` : `u${i % 90_000}`;
    pipeline.judge(sshEvent(i / 2000, i * 90, { sourceIp: source as never, user, host: 'edge' }));
  }
  assert.ok(pipeline.bytes() <= DETECTOR_MEMORY && pipeline.bytes() > DETECTOR_MEMORY * 0.9);
  const grown = beside() - before;
  assert.ok(grown < 3 * DETECTOR_MEMORY, `${grown} bytes more are resident`);
});

test('what is no number, no text and no engine is a bug, and thrown', () => {
  const { Windows, RowJudge } = engines();
  const check = { measure: 0, threshold: 2, window: 10, quiet: 10, keeps: 9, triesAtMost: 0, counts: 1, completes: 1 };
  const settings = {
    keysAreTexts: false,
    valuesAreTexts: true,
    once: 0,
    hasConnections: false,
    checks: [check],
    salt: 7,
  };
  const one = new Windows(settings);
  assert.equal(one.step(new Float64Array(ENTRY_NUMBERS), '', 's', '', ''), undefined);
  assert.throws(() => one.step(new Float64Array(3), '', 's', '', ''), RangeError);
  assert.throws(() => one.step([] as never, '', 's', '', ''), TypeError);
  assert.throws(() => one.step(new Float64Array(ENTRY_NUMBERS), 7 as never, 's', '', ''), TypeError);
  assert.throws(() => new Windows({ ...settings, checks: [{ ...check, threshold: 0 }] }), RangeError);
  assert.throws(() => new Windows({ ...settings, checks: Array.from({ length: 32 }, () => check) }), RangeError);
  const put = (silences: readonly number[], sightings: readonly number[], texts: readonly string[]) =>
    one.put(1, 2, '', 1, Float64Array.from(silences), Float64Array.from(sightings), texts);
  assert.throws(() => put([1], [], []), RangeError);
  assert.throws(() => put([1, 5], [], []), RangeError);
  assert.throws(() => put([], [1, 2, 2, 0, 1, 1, 0, 0, 0], ['a']), RangeError);
  assert.equal(put([0, 5], [1, 2, 1, 0, 1, 1, 0, 0, 0], ['a']), true);
  assert.equal(put([], [], []), false);
  const rows = { fates: Uint8Array.of(0, 1), users: [], v4Bits: 32, v6Bits: 64, longest: 256 };
  const judge = new RowJudge([{ windows: one, byAccount: false, traits: Uint16Array.of(0, 0, 1, 1) }], rows);
  const run = (row: Uint32Array, to: number, texts: number, places = RUN.held + 1): number => {
    const numbers = new Float64Array(places);
    numbers[RUN.texts] = texts;
    return judge.run(row, 0, to, numbers, 's');
  };
  assert.equal(run(new Uint32Array(FIELDS), FIELDS, 1), FIELDS);
  assert.throws(() => run(new Uint32Array(FIELDS), FIELDS, 1, RUN.held), RangeError);
  assert.throws(() => run(new Uint32Array(FIELDS), 2 * FIELDS, 1), RangeError);
  assert.throws(() => run(new Uint32Array(FIELDS), FIELDS - 1, 1), RangeError);
  assert.throws(() => run(new Uint32Array(FIELDS), FIELDS, 2), /not as many texts/);
  assert.throws(() => run(new Uint32Array(FIELDS).fill(1), FIELDS, 1), /no such text/);
  assert.throws(() => judge.learn(Buffer.from('ab'), Uint32Array.of(1, 3), 1), RangeError);
  assert.throws(() => judge.learn(Buffer.from('ab'), Uint32Array.of(0, 1), 2), RangeError);
  assert.throws(() => judge.completed(1), RangeError);
  assert.throws(
    () => new RowJudge([{ windows: {} as never, byAccount: false, traits: Uint16Array.of(0, 0, 1, 1) }], rows),
    TypeError,
  );
  assert.throws(() => new RowJudge([{ windows: one, byAccount: false, traits: Uint16Array.of(1) }], rows), RangeError);
  for (const number of [Number.NaN, 1e300, Number.POSITIVE_INFINITY]) {
    const numbers = new Float64Array(ENTRY_NUMBERS);
    numbers[ENTRY.traits] = number;
    assert.throws(() => one.step(numbers, '', 's', '', ''), /whole number/);
  }
});

/** What is resident beside JavaScript's heap. */
function beside(): number {
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}
