import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FORGIVENESS,
  FREE_TRIES,
  LONGEST_WAIT,
  MOST_PEERS,
  SHARE,
  STRANGERS,
  type Throttle,
  throttle,
  type Verdict,
  waitAfter,
} from '../../../../core/api/throttle.ts';
import type { Clock } from '../../../../core/base/ports.ts';
import { days, hours, millis, minutes } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const PEER = '192.0.2.1';

function bench(clock: Pick<Clock, 'now'> = new SimulatedClock()) {
  const logged: string[] = [];
  const got = new Set<string>();
  const guard = throttle({
    clock,
    log: (_, message) => void logged.push(message),
    known: { isKnown: (key) => got.has(key), gotIn: (key) => void got.add(key) },
    isNear: (peer) => peer.startsWith('10.'),
  });
  return { clock: clock as SimulatedClock, logged, got, guard };
}

/** A whole try. @returns 0 when it was looked at, else the seconds to wait */
function guess(guard: Throttle, peer: string, verdict: Verdict = 'wrong'): number {
  const attempt = guard.enter(peer);
  if (!attempt.ok) return attempt.wait;
  attempt.end(verdict);
  return 0;
}

const guesses = (guard: Throttle, peer: string, count: number): readonly number[] =>
  Array.from({ length: count }, () => guess(guard, peer));

/** Each of a network of its own. */
const stranger = (i: number): string => `45.${i >> 8}.${i & 255}.9`;

test('the first tries are free, then each wait is twice the last, up to a quarter of an hour', () => {
  const { clock, guard } = bench();
  assert.deepEqual(guesses(guard, PEER, FREE_TRIES + 1), [0, 0, 0, 0, 0, 1]);
  const waits = Array.from({ length: 14 }, () => {
    const wait = guess(guard, PEER);
    clock.advance(wait * 1000);
    assert.equal(guess(guard, PEER), 0);
    return wait;
  });
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
});

test('waiting as long as told is always enough, and a second less never is', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2_000_000 }), { maxLength: 40 }), (pauses) => {
      const { clock, guard } = bench();
      for (const pause of pauses) {
        clock.advance(pause);
        const wait = guess(guard, PEER);
        if (wait === 0) continue;
        clock.advance((wait - 1) * 1000);
        assert.ok(guess(guard, PEER) > 0);
        clock.advance(1000);
        assert.equal(guess(guard, PEER), 0);
      }
    }),
  );
});

test('however a peer times its guesses, few are looked at in a day', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: hours(2) }), { minLength: 200, maxLength: 400 }), (pauses) => {
      const { clock, guard } = bench();
      const end = clock.now() + days(1);
      let looked = 0;
      for (let i = 0; clock.now() < end; i++) {
        if (guess(guard, PEER) === 0) looked++;
        clock.advance(pauses[i % pauses.length] ?? 1);
      }
      const perHour = FREE_TRIES + 12;
      assert.ok(looked <= 24 * perHour, `${looked} guesses`);
    }),
    { numRuns: 20 },
  );
});

test('a thousand tries at once are counted before the first is judged', () => {
  const { guard } = bench();
  const entered = Array.from({ length: 1000 }, () => guard.enter(PEER));
  assert.equal(entered.filter(({ ok }) => ok).length, FREE_TRIES);
  for (const attempt of entered) if (attempt.ok) attempt.end('wrong');
  assert.equal(guess(guard, PEER), 1);
});

test('a right try wipes the slate; an undecided one leaves it as it was', () => {
  const { clock, guard } = bench();
  guesses(guard, PEER, FREE_TRIES);
  clock.advance(1000);
  assert.equal(guess(guard, PEER, 'right'), 0);
  assert.equal(guard.size, 0);
  assert.deepEqual(guesses(guard, PEER, FREE_TRIES - 1), [0, 0, 0, 0]);
  for (let i = 0; i < 50; i++) assert.equal(guess(guard, PEER, 'undecided'), 0);
  assert.deepEqual(guesses(guard, PEER, 2), [0, 1]);
});

test('undecided tries leave no trace at all', () => {
  const { guard } = bench();
  for (let i = 0; i < 500; i++) assert.equal(guess(guard, stranger(i), 'undecided'), 0);
  assert.equal(guard.size, 0);
});

test('the addresses of a /64 are one peer, others are not', () => {
  const { guard } = bench();
  for (let i = 0; i < FREE_TRIES; i++) assert.equal(guess(guard, `2001:db8::${i}`), 0);
  assert.equal(guess(guard, '2001:db8::ffff:1'), 1);
  assert.equal(guess(guard, '2001:db8:0:1::1'), 0);
  assert.equal(guess(guard, PEER), 0);
});

test('a peer that holds still begins anew', () => {
  const { clock, guard } = bench();
  guesses(guard, PEER, FREE_TRIES);
  clock.advance(FORGIVENESS + 1000 + 1);
  assert.deepEqual(guesses(guard, PEER, FREE_TRIES + 1), [0, 0, 0, 0, 0, 1]);
});

test('guesses from everywhere share one budget, whose wait never grows', () => {
  const { clock, logged, guard } = bench();
  const start = clock.now();
  let looked = 0;
  for (let i = 0; i < 5000; i++) {
    const wait = guess(guard, stranger(i));
    if (wait === 0) looked++;
    else assert.ok(wait <= 60 / STRANGERS.perMinute, `${wait} s`);
    clock.advance(100);
  }
  const minutesPassed = (clock.now() - start) / minutes(1);
  assert.ok(looked <= STRANGERS.burst + STRANGERS.perMinute * minutesPassed + 1, `${looked} guesses`);
  assert.equal(logged.length, 1, 'told once, not 5000 times');
});

const storm = (guard: Throttle): void => {
  for (let i = 0; i < 200; i++) guess(guard, stranger(i));
};

test('a peer that got in is let in through any storm of strangers', () => {
  const { guard, got } = bench();
  assert.equal(guess(guard, '2001:db8::7', 'right'), 0);
  assert.deepEqual([...got], ['2001:db8::/64']);
  storm(guard);
  assert.ok(guess(guard, '198.51.100.7', 'right') > 0);
  assert.equal(guess(guard, '2001:db8::8', 'right'), 0);
});

test('a stranger nearby is let in through any storm from afar, and the other way round', () => {
  const { guard } = bench();
  storm(guard);
  assert.equal(guess(guard, '10.0.0.7', 'right'), 0);
  for (let i = 0; i < 200; i++) guess(guard, `10.0.1.${i}`);
  assert.ok(guess(guard, '10.0.2.7') > 0);
  assert.equal(guess(bench().guard, '198.51.100.7'), 0);
});

for (const [network, at] of [
  ['a /24', (i: number) => `203.0.113.${i}`],
  ['a /48', (i: number) => `2001:db8:1:${i.toString(16)}::1`],
] as const)
  test(`${network} that guesses as fast as it may leaves room for others`, () => {
    const { clock, guard } = bench();
    let looked = 0;
    for (let second = 0; second < 600; second++) {
      for (let i = 0; i < 5; i++) if (guess(guard, at((second * 5 + i) % 250)) === 0) looked++;
      assert.equal(guess(guard, '198.51.100.7', 'undecided'), 0);
      clock.advance(1000);
    }
    assert.ok(looked <= SHARE.burst + SHARE.perMinute * 10 + 1, `${looked} guesses`);
    assert.ok(looked >= SHARE.perMinute * 9, `${looked} guesses`);
  });

test('a known peer has its own slate all the same', () => {
  const { guard } = bench();
  guess(guard, PEER, 'right');
  assert.deepEqual(guesses(guard, PEER, FREE_TRIES + 1), [0, 0, 0, 0, 0, 1]);
});

test('a right try of a stranger costs the others nothing', () => {
  const { guard } = bench();
  for (let i = 0; i < 500; i++) assert.equal(guess(guard, stranger(i), 'right'), 0);
});

test('memory is bounded', () => {
  const { clock, guard } = bench();
  for (let i = 0; i < MOST_PEERS + 50; i++) {
    clock.advance(minutes(1));
    assert.equal(guess(guard, stranger(i)), 0);
  }
  assert.equal(guard.size, MOST_PEERS);
});

test('a clock that is set back or ahead locks nobody out for longer than told', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: -days(20_000), max: days(20_000) }),
      (tries, jump) => {
        const clock = { at: days(20_000) as number, now: () => millis(clock.at) };
        const { guard } = bench(clock);
        for (let i = 0; i < tries; i++) {
          const wait = guess(guard, PEER);
          clock.at += wait * 1000;
        }
        clock.at += jump;
        const wait = guess(guard, PEER);
        if (wait === 0) return;
        assert.ok(wait * 1000 <= LONGEST_WAIT);
        clock.at += wait * 1000;
        assert.equal(guess(guard, PEER), 0);
      },
    ),
  );
});

test('the wait is monotonic and bounded, whatever is counted', () => {
  for (let failures = 0; failures < 2000; failures++) {
    assert.ok(waitAfter(failures) <= waitAfter(failures + 1) && waitAfter(failures) <= LONGEST_WAIT);
  }
});
