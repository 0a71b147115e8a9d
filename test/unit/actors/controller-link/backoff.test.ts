import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterFailure,
  afterLoss,
  FIRST_ATTEMPT,
  retryDelay,
  STEADY,
} from '../../../../actors/controller-link/backoff.ts';
import { millis, minutes } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';

test('a retry waits anything from nothing to a bound that doubles up to five minutes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (rounds, chance) => {
        const delay = retryDelay(rounds, chance);
        assert.ok(delay >= 0 && delay <= Math.min(minutes(5), 2000 * 2 ** (rounds - 1)));
      },
    ),
  );
  assert.equal(retryDelay(1, 0.5), 1000);
  assert.equal(retryDelay(4, 0.5), 8000);
  assert.equal(retryDelay(500, 0.5), minutes(2.5));
});

test('brokers are tried in order, and a round ends behind the last', () => {
  const second = afterFailure(FIRST_ATTEMPT, 2);
  assert.deepEqual(second, { place: 1, rounds: 0 });
  assert.deepEqual(afterFailure(second, 2), { place: 0, rounds: 1 });
});

test('a connection that stood makes the next failure the first one again', () => {
  assert.deepEqual(afterLoss({ place: 1, rounds: 7 }, STEADY), { place: 0, rounds: 1 });
  assert.deepEqual(afterLoss({ place: 1, rounds: 7 }, millis(10)), { place: 0, rounds: 8 });
});
