import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import type { Evidence } from '../../../../core/change/change.ts';
import { EVIDENCE_KEPT, follow, judge, pauseOf, type Streaks, withRound } from '../../../../core/change/probing.ts';

/** Rounds of two probes: p passed, f failed, ? unknown. */
const said = (gateway: string, disk: string, by: 'word' | 'probes' = 'probes'): string => {
  const results = { p: 'passed', f: 'failed', '?': 'unknown' } as const;
  const of = (letter: string | undefined) => results[letter as keyof typeof results];
  let streaks: Streaks = {};
  for (let i = 0; i < gateway.length; i++) {
    streaks = follow(streaks, [
      { probe: 'gateway', result: of(gateway[i]) },
      { probe: 'disk', result: of(disk[i]) },
    ]);
  }
  return judge(by, ['gateway', 'disk'], streaks).say;
};

for (const { gateway, disk, say } of [
  { gateway: 'pp', disk: 'pp', say: 'wait' },
  { gateway: 'ppp', disk: 'ppp', say: 'confirm' },
  { gateway: 'ppp', disk: 'pfp', say: 'wait' },
  { gateway: 'ppppp', disk: 'pfppp', say: 'confirm' },
  { gateway: 'p?pp', disk: 'pppp', say: 'confirm' },
  { gateway: 'pppp', disk: '????', say: 'wait' },
  { gateway: 'ppp', disk: 'ff?', say: 'wait' },
  { gateway: 'pppp', disk: 'ff?f', say: 'revert' },
  { gateway: 'fff', disk: 'ppp', say: 'revert' },
])
  test(`gateway ${gateway}, disk ${disk} → ${say}`, () => assert.equal(said(gateway, disk), say));

test('where a person is to confirm, probes decide nothing', () => {
  assert.equal(said('ppp', 'ppp', 'word'), 'wait');
  assert.equal(said('fff', 'fff', 'word'), 'wait');
});

test('no probes confirm nothing', () => assert.equal(judge('probes', [], {}).say, 'wait'));

test('a probe may have any name', () => {
  const names = ['__proto__', 'constructor'];
  let streaks: Streaks = {};
  assert.equal(judge('probes', names, streaks).say, 'wait');
  for (let i = 0; i < 3; i++)
    streaks = follow(
      streaks,
      names.map((probe) => ({ probe, result: 'passed' })),
    );
  assert.equal(judge('probes', names, streaks).say, 'confirm');
});

test('rounds are a twentieth of the trial apart, 100 ms to 10 s', () => {
  assert.equal(pauseOf(seconds(1)), 100);
  assert.equal(pauseOf(minutes(1)), 3000);
  assert.equal(pauseOf(minutes(5)), 10_000);
});

test('evidence is kept up to a bound, the newest', () => {
  const round = (n: number): Evidence => ({
    probe: `${n}`,
    at: millis(n),
    result: 'passed',
    detail: '',
    took: millis(0),
  });
  let kept: readonly Evidence[] = [];
  for (let n = 0; n < 100; n++) kept = withRound(kept, [round(n)]);
  assert.equal(kept.length, EVIDENCE_KEPT);
  assert.equal(kept.at(-1)?.probe, '99');
});
