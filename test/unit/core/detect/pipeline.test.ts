import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, minutes } from '../../../../core/base/time.ts';
import { createDetectors } from '../../../../core/detect/checks.ts';
import type { Detector, StateChange } from '../../../../core/detect/detector.ts';
import type { Finding } from '../../../../core/detect/finding.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import type { Category, RawLine } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { authLog } from '../../../support/auth-log.ts';
import { eventAt } from '../../../support/events.ts';
import { fc } from '../../../support/random.ts';

const make = (): Pipeline => new Pipeline(createParsers({ zone: UTC }), createDetectors());

const NOW = millis(Date.UTC(2026, 10, 22));

const raw = (text: string, offset: number, more: Partial<RawLine> = {}): RawLine => ({
  text,
  position: { source: 'f', offset },
  receivedAt: NOW,
  provenance: 'file',
  ...more,
});

const LOG = [...authLog(1500, 7, 40)].map((line, i) => raw(line.trimEnd(), i * 100));

const feed = (pipeline: Pipeline, lines: readonly RawLine[]): Finding[] =>
  lines.flatMap((line) => pipeline.feed(line, 'sshd'));

test('every line is an event or counted with its reason', () => {
  const pipeline = make();
  const texts = [
    '',
    'nonsense',
    'Nov 31 01:02:03 h sshd: x',
    'Nov 21 01:02:03 h cron: x',
    'Nov 21 01:02:03 h sshd: x',
    'Nov 21 01:02:03 h sshd: Received signal 15; terminating.',
  ];
  feed(
    pipeline,
    texts.map((text, i) => raw(text, i)),
  );
  feed(pipeline, [raw('', 1, { flaw: 'binary' }), raw('', 2, { flaw: 'too-long' })]);
  assert.deepEqual(pipeline.counters, {
    lines: 8,
    events: 1,
    findings: 0,
    unparsed: {
      empty: 1,
      'no-header': 1,
      'bad-time': 1,
      'other-program': 1,
      'unknown-message': 1,
      binary: 1,
      'too-long': 1,
    },
  });
});

test('a parser that does not exist is a bug', () => assert.throws(() => make().feed(raw('', 0), 'nope'), RangeError));

test('feeding is parsing, then judging', () => {
  const [whole, halves] = [make(), make()];
  const found = LOG.flatMap((line) => {
    const parsed = halves.parse(line, 'sshd');
    return 'unparsed' in parsed ? [] : halves.judge(parsed);
  });
  assert.deepEqual(found, feed(whole, LOG));
  assert.ok(found.length >= 30);
  assert.deepEqual(halves.counters, whole.counters);
});

test('stopped anywhere and restored from its checkpoints, the ids found are the same', () => {
  const whole = feed(make(), LOG).map(({ id }) => id);
  fc.assert(
    fc.property(fc.array(fc.nat(LOG.length), { minLength: 1, maxLength: 4 }), (cuts) => {
      const store = new Map<string, Map<string, unknown>>();
      const ends = [...cuts.sort((a, b) => a - b), LOG.length];
      const found = ends.flatMap((end, i) => {
        const pipeline = make();
        const states = [...store].map(([check, entries]) => ({ check, changes: [...entries] as StateChange[] }));
        assert.equal(pipeline.restore(states).skipped, 0);
        const ids = feed(pipeline, LOG.slice(ends[i - 1] ?? 0, end)).map(({ id }) => id);
        keep(store, pipeline);
        return ids;
      });
      assert.deepEqual(found, whole);
    }),
    { numRuns: 8 },
  );
});

test('a line fed again makes the id it made before', () => {
  const [first] = feed(make(), LOG);
  const [again] = feed(
    make(),
    LOG.map((line) => ({ ...line, receivedAt: millis(NOW + minutes(60)) })),
  );
  assert.equal(again?.id, first?.id);
});

test('a snapshot without changes is empty, and state of unknown detectors is left out', () => {
  const pipeline = make();
  assert.deepEqual(pipeline.snapshot(), []);
  assert.equal(pipeline.bytes(), 0);
  assert.equal(pipeline.restore([{ check: 'gone', changes: [['a', 1]] }]).skipped, 0);
  assert.equal(pipeline.restore([{ check: 'ssh_source', changes: [['a', 1]] }]).skipped, 1);
});

function keep(store: Map<string, Map<string, unknown>>, pipeline: Pipeline): void {
  for (const { check, changes } of pipeline.snapshot()) {
    const entries = store.get(check) ?? new Map<string, unknown>();
    store.set(check, entries);
    for (const [key, value] of changes) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, JSON.parse(JSON.stringify(value)));
    }
  }
}

const counting = (category: Category): Detector & { stepped: number; held: number } => ({
  name: category,
  checks: [],
  stepped: 0,
  held: 0,
  wants: (wanted, action) => wanted === category && action !== 'unwanted',
  step() {
    this.stepped++;
    this.held += 10;
    return [];
  },
  snapshot: () => [],
  restore: () => ({ skipped: 0 }),
  forget() {},
  bytes() {
    return this.held;
  },
  evict(bytes) {
    this.held = Math.min(this.held, bytes);
    return 1;
  },
});

test('an event reaches the detectors that want its kind, and no other', () => {
  const [web, session] = [counting('web'), counting('session')];
  const pipeline = new Pipeline(new Map(), [web, session]);
  for (const action of ['a', 'a', 'unwanted', 'b']) pipeline.judge(eventAt(0, 0, { category: 'web', action }));
  pipeline.judge(eventAt(0, 0, { category: 'session', action: 'a' }));
  pipeline.judge(eventAt(0, 0, { category: 'email', action: 'a' }));
  assert.deepEqual([web.stepped, session.stepped], [3, 1]);
});

test('beyond the memory the detector that holds most lets go, the others keep what they have', () => {
  const [web, session] = [counting('web'), counting('session')];
  const pipeline = new Pipeline(new Map(), [web, session], 1000);
  for (let i = 0; i < 20; i++) pipeline.judge(eventAt(0, 0, { category: 'session', action: 'a' }));
  for (let i = 0; i < 500; i++) {
    pipeline.judge(eventAt(0, 0, { category: 'web', action: 'a' }));
    assert.ok(pipeline.bytes() <= 1000);
  }
  assert.deepEqual([web.held, session.held], [800, 200]);
});
