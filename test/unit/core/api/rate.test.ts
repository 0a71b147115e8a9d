import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerKey, rateLimiter } from '../../../../core/api/rate.ts';
import { millis } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

test('the burst passes, then one token a refill; the wait it names is the true one', () => {
  const clock = new SimulatedClock();
  const limiter = rateLimiter({ burst: 5, perMinute: 5 }, clock);
  assert.deepEqual(
    Array.from({ length: 6 }, () => limiter.take('192.0.2.1')),
    [0, 0, 0, 0, 0, 12],
  );
  clock.advance(11_000);
  assert.equal(limiter.take('192.0.2.1'), 1);
  clock.advance(1000);
  assert.deepEqual([limiter.take('192.0.2.1'), limiter.take('192.0.2.1')], [0, 12]);
});

test('waiting as long as told is always enough, and a second less never is', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }), (pauses) => {
      const clock = new SimulatedClock();
      const limiter = rateLimiter({ burst: 3, perMinute: 7 }, clock);
      for (const pause of pauses) {
        clock.advance(pause);
        const wait = limiter.take('a');
        if (wait === 0) continue;
        clock.advance((wait - 1) * 1000);
        assert.ok(limiter.take('a') > 0 || wait === 1);
        clock.advance(1000);
        assert.equal(limiter.take('a'), 0);
      }
    }),
  );
});

test('one peer does not pay for another; the addresses of a /64 are one peer', () => {
  const limiter = rateLimiter({ burst: 1, perMinute: 1 }, new SimulatedClock());
  assert.deepEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1'].map(limiter.take), [0, 0, 0]);
  assert.equal(limiter.take('2001:db8::ffff:1:2:3'), 60);
  assert.equal(limiter.take('2001:db8:0:1::1'), 0);
  assert.equal(peerKey('2001:db8::1'), '2001:db8::/64');
  assert.equal(peerKey('192.0.2.1'), '192.0.2.1');
});

test('memory is bounded: the peer longest unheard of goes first', () => {
  const limiter = rateLimiter({ burst: 1, perMinute: 1 }, new SimulatedClock());
  for (let i = 0; i < 10_050; i++) limiter.take(`10.0.${i >> 8}.${i & 255}`);
  assert.equal(limiter.size, 10_000);
  assert.ok(limiter.take('10.0.39.65') > 0);
  assert.equal(limiter.take('10.0.0.0'), 0);
});

test('a clock that is set back neither refills nor locks out', () => {
  const clock = { at: 1_000_000, now: () => millis(clock.at) };
  const limiter = rateLimiter({ burst: 1, perMinute: 60 }, clock);
  assert.equal(limiter.take('a'), 0);
  clock.at = 0;
  assert.equal(limiter.take('a'), 1);
  clock.at = 1000;
  assert.equal(limiter.take('a'), 0);
});
