import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, millis, minutes } from '../../../../core/base/time.ts';
import { freshness, type Moment } from '../../../../core/change/connection.ts';
import { fc } from '../../../support/random.ts';

const PLACED: Moment = { wall: millis(Date.UTC(2026, 0, 1)), boot: minutes(10) };

/** A minute later, the wall clock set by so much meanwhile. */
const later = (set = 0): Moment => ({
  wall: millis(PLACED.wall + minutes(1) + set),
  boot: millis(PLACED.boot + minutes(1)),
});

const judged = (openedAt: number, now = later()): string => {
  const fresh = freshness({ openedAt: millis(openedAt) }, PLACED, now);
  return fresh.ok ? (fresh.value.proved ? 'proved' : (fresh.value.why ?? '')) : fresh.code;
};

test('a connection opened after the new state was in place proves something, one from before does not', () => {
  assert.equal(judged(PLACED.wall + 1), 'proved');
  assert.equal(judged(PLACED.wall), 'old_connection');
  assert.equal(judged(PLACED.wall - 1), 'old_connection');
});

test('one whose age is not known is taken, and says why it proves nothing', () => {
  assert.deepEqual(freshness({ unknown: 'behind a proxy' }, PLACED, later()), {
    ok: true,
    value: { proved: false, why: 'behind a proxy' },
  });
});

test('a clock set forward or back by a day never refuses a new connection nor proves anything by an old one', () => {
  const length = fc.integer({ min: 1, max: minutes(1) });
  // Less than a second is what two readings of two clocks may differ by.
  const notAtOnce = fc.integer({ min: 1001, max: minutes(1) });
  fc.assert(
    fc.property(
      fc.integer({ min: -days(1), max: days(1) }),
      length,
      notAtOnce,
      fc.boolean(),
      (set, before, after, wasSet) => {
        const now = later(set);
        assert.notEqual(judged(PLACED.wall - before, now), 'proved');
        // Opened after the apply, before or after the clock was set.
        const opened = PLACED.wall + after + (wasSet ? set : 0);
        assert.notEqual(judged(opened, now), 'old_connection');
      },
    ),
  );
});

test('a connection from the future proves nothing', () => {
  assert.match(judged(PLACED.wall + days(1)), /in the future/);
});
