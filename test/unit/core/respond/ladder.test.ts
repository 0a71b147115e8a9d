import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, LONGEST, millis } from '../../../../core/base/time.ts';
import { blockLength, DEFAULT_LADDER, parseRung, type Rung } from '../../../../core/respond/ladder.ts';
import { fc } from '../../../support/random.ts';

const ladderOf = (texts: readonly string[]): readonly Rung[] =>
  texts.map((text) => {
    const rung = parseRung(text);
    assert.ok(rung.ok, text);
    return rung.value;
  });

for (const [texts, base, lengths] of [
  [DEFAULT_LADDER, hours(24), [days(1), days(6), days(30), days(30), days(30)]],
  [['1x', 'never'], hours(1), [hours(1), 'never', 'never']],
  [['2h', '1x', '3x'], hours(1), [hours(2), hours(2), hours(3)]],
  [[], hours(1), [hours(1), hours(1)]],
  [['1x', '6x'], 'never', ['never', 'never']],
  [['9999x'], days(3650), [LONGEST]],
] as const)
  test(`${texts.join(', ') || 'no ladder'} with ${base} gives ${lengths.join(', ')}`, () =>
    assert.deepEqual(
      lengths.map((_, before) => blockLength(ladderOf(texts), before, base)),
      lengths,
    ));

for (const text of ['', '0', '0x', '-1x', '1.5x', 'x', '6 x', '99999x', '1y', 'always'])
  test(`"${text}" is no rung`, () => assert.equal(parseRung(text).ok, false));

test('whoever offends again is never blocked for less', () => {
  const rung: fc.Arbitrary<Rung> = fc.oneof(
    fc.record({ times: fc.integer({ min: 1, max: 99 }) }),
    fc.record({ lasts: fc.oneof(fc.constant('never' as const), fc.integer({ min: 1, max: 1e9 }).map(millis)) }),
  );
  fc.assert(
    fc.property(fc.array(rung, { maxLength: 6 }), fc.integer({ min: 1, max: 1e9 }), (ladder, base) => {
      const lengths = Array.from({ length: 8 }, (_, before) => blockLength(ladder, before, millis(base)));
      const numbers = lengths.map((length) => (length === 'never' ? Number.POSITIVE_INFINITY : length));
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
    }),
  );
});
