import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Id } from '../../../../core/base/ids.ts';
import { type Millis, millis } from '../../../../core/base/time.ts';
import { type ChangeId, SPANS, VERDICT_BY } from '../../../../core/change/change.ts';
import {
  countFailures,
  decodeAttributes,
  decodePath,
  decodeTrial,
  decodeVerdict,
  encodeAttributes,
  encodePath,
  encodeTrial,
  encodeVerdict,
  type TrialFacts,
  type VerdictFacts,
} from '../../../../core/change/texts.ts';
import { fc } from '../../../support/random.ts';

const hash = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const moment = fc.nat({ max: Number.MAX_SAFE_INTEGER }).map((n) => n as Millis);

const facts: fc.Arbitrary<TrialFacts> = fc.record({
  id: fc.uuid({ version: 7 }).map((id) => id as Id as ChangeId),
  subject: fc.stringMatching(/^[a-z-]{1,20}$/),
  spans: fc.constantFrom(...SPANS),
  bootId: fc.uuid(),
  trial: moment,
  deadline: moment,
  forced: fc.boolean(),
  before: hash,
  after: hash,
});

const verdict: fc.Arbitrary<VerdictFacts> = fc.record({
  result: fc.constantFrom('confirmed', 'reverted'),
  by: fc.constantFrom(...VERDICT_BY),
  why: fc.string({ unit: 'binary' }),
  at: moment,
});

const SAMPLE: TrialFacts = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057' as ChangeId,
  subject: 'settings',
  spans: 'restart',
  bootId: '4f4b8e62-8b5c-4c40-8b3c-0d7ea25f9f1a',
  trial: millis(300_000),
  deadline: millis(1_234_567),
  forced: false,
  before: `sha256:${'0'.repeat(64)}`,
  after: `sha256:${'f'.repeat(64)}`,
};

test('a trial is lines that a shell can read', () => {
  assert.equal(
    encodeTrial(SAMPLE),
    `id=01890a5d-ac96-774b-bcce-b302099a8057
subject=settings
spans=restart
boot_id=4f4b8e62-8b5c-4c40-8b3c-0d7ea25f9f1a
deadline=1234567
trial=300000
forced=0
before=sha256:${'0'.repeat(64)}
after=sha256:${'f'.repeat(64)}
`,
  );
});

test('every trial reads back as it was written', () => {
  fc.assert(
    fc.property(facts, (trial) => {
      assert.deepEqual(decodeTrial(encodeTrial(trial)), { ok: true, value: { ...trial } });
    }),
  );
});

test('a trial that was cut off anywhere is damaged, never another trial', () => {
  const text = encodeTrial(SAMPLE);
  for (let length = 0; length < text.length; length++) assert.ok(!decodeTrial(text.slice(0, length)).ok, `${length}`);
});

test('keys of a later version are passed over; a key twice is damage', () => {
  assert.deepEqual(decodeTrial(`${encodeTrial(SAMPLE)}slot=b\n`), { ok: true, value: SAMPLE });
  assert.ok(!decodeTrial(`${encodeTrial(SAMPLE)}forced=1\n`).ok);
});

test('a value that would break the form is a bug of who writes it', () => {
  for (const subject of ['a\nb', "a'b", 'a"b', 'a`b', 'a\\b', 'a\u2028b'])
    assert.throws(() => encodeTrial({ ...SAMPLE, subject }), RangeError);
});

test('every verdict reads back, its reason bent into the form', () => {
  fc.assert(
    fc.property(verdict, (written) => {
      const read = decodeVerdict(encodeVerdict(written));
      assert.ok(read.ok);
      assert.deepEqual({ ...read.value, why: '' }, { ...written, why: '' });
      assert.doesNotMatch(read.value.why, /["'`\\\p{Cc}]/u);
    }),
  );
  const quoted = decodeVerdict(encodeVerdict({ result: 'reverted', by: 'crash', why: `it's "so"\n`, at: millis(7) }));
  assert.equal(quoted.ok && quoted.value.why, 'it s  so');
});

test('attributes and paths read back; nothing else is taken for one', () => {
  assert.equal(encodeAttributes({ mode: 0o640, uid: 0, gid: 4 }), '640 0 4\n');
  assert.deepEqual(decodeAttributes('640 0 4\n'), { ok: true, value: { mode: 0o640, uid: 0, gid: 4 } });
  for (const text of ['', '640 0 4', '648 0 4\n', '640 00 4\n', '640 0 4294967295\n', '640  0 4\n', '640 0 4\n\n'])
    assert.ok(!decodeAttributes(text).ok, text);
  assert.deepEqual(decodePath(encodePath('/etc/a b')), { ok: true, value: '/etc/a b' });
  for (const text of ['', '\n', '/\n', 'etc\n', '/etc/\n', '/etc', '/a\nb\n', '/a\u0000\n'])
    assert.ok(!decodePath(text).ok, JSON.stringify(text));
  assert.throws(() => encodePath('/a\nb'), RangeError);
});

test('failed starts are counted by lines, whatever stands in them', () => {
  assert.equal(countFailures(''), 0);
  assert.equal(countFailures('2026-01-01T00:00:00Z exit 1\nexit 1\n\nx'), 3);
});
