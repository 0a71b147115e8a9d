import type { Millis } from '../base/time.ts';
import type { ConfirmedBy, Evidence } from './change.ts';

/** Rounds in a row that every probe must pass to confirm, and that one must fail to condemn. */
export const ROUNDS = 3;

/** Evidence kept with a change; the oldest goes first. */
export const EVIDENCE_KEPT = 64;

const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** How long after a round the next begins: a twentieth of the trial, 100 ms to 10 s. */
export const pauseOf = (trial: Millis): Millis =>
  Math.round(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, trial / 20))) as Millis;

/** By probe: n > 0 passed n times in a row, n < 0 failed as often. */
export type Streaks = Readonly<Record<string, number>>;

/**
 * What a round leaves of the streaks. `unknown` is neither for nor against the change: the streak stands, and a probe that
 * never finds anything out never has one.
 */
export function follow(streaks: Streaks, round: readonly Pick<Evidence, 'probe' | 'result'>[]): Streaks {
  const next = new Map(Object.entries(streaks));
  for (const { probe, result } of round) {
    const streak = next.get(probe) ?? 0;
    if (result === 'passed') next.set(probe, Math.max(0, streak) + 1);
    if (result === 'failed') next.set(probe, Math.min(0, streak) - 1);
  }
  return Object.fromEntries(next);
}

/**
 * What the probes have to say in the end. Where they are to confirm: every one of them passed three rounds in a row
 * confirms; any one failed three rounds in a row reverts, for what does not work is better undone at once than at the
 * deadline; all else goes on, and the deadline reverts it. Nothing is confirmed by silence: no probes confirm nothing, nor
 * does one that finds nothing out. Where a person is to confirm, probes give evidence and decide nothing: what fails may
 * be what the person is about to mend.
 * @param probes names of all that are to be heard
 */
export function judge(
  confirmedBy: ConfirmedBy,
  probes: readonly string[],
  streaks: Streaks,
): { readonly say: 'confirm' | 'revert' | 'wait'; readonly why: string } {
  const streakOf = (probe: string): number => (Object.hasOwn(streaks, probe) ? (streaks[probe] ?? 0) : 0);
  const condemning = probes.filter((probe) => streakOf(probe) <= -ROUNDS);
  if (confirmedBy !== 'probes' || probes.length === 0) return { say: 'wait', why: '' };
  if (condemning.length > 0) return { say: 'revert', why: `failed ${ROUNDS} times in a row: ${condemning.join(', ')}` };
  if (!probes.every((probe) => streakOf(probe) >= ROUNDS)) return { say: 'wait', why: '' };
  return { say: 'confirm', why: `passed ${ROUNDS} times in a row: ${probes.join(', ')}` };
}

/** Of probes that were asked before a change: those whose failing would say nothing about it, since they did not pass. */
export const unheardOf = (before: readonly Pick<Evidence, 'probe' | 'result'>[]): readonly string[] =>
  before.filter(({ result }) => result !== 'passed').map(({ probe }) => probe);

/** The evidence of a change with a round's added. */
export const withRound = (kept: readonly Evidence[], round: readonly Evidence[]): readonly Evidence[] =>
  [...kept, ...round].slice(-EVIDENCE_KEPT);
