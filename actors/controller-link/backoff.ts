import { type Millis, millis, minutes, seconds } from '../../core/base/time.ts';

const FIRST: Millis = seconds(2);
const LONGEST: Millis = minutes(5);
/** A connection that stood for this long was a good one: what comes after it begins anew. */
export const STEADY: Millis = minutes(1);

/**
 * How long to wait before the brokers are tried again, with full jitter: anything from nothing to a bound that doubles, so
 * that a fleet that lost its broker does not come back in one wave.
 * @param rounds in which every broker failed, in a row; from 1
 * @param chance 0 ≤ chance < 1
 */
export function retryDelay(rounds: number, chance: number): Millis {
  const bound = Math.min(LONGEST, FIRST * 2 ** Math.min(rounds - 1, 20));
  return millis(Math.floor(bound * chance));
}

/** Where to try next: the brokers in order, and after the last of them another round. */
export interface Attempt {
  /** Place among the brokers. */
  readonly place: number;
  /** Rounds in which every broker failed, in a row. */
  readonly rounds: number;
}

export const FIRST_ATTEMPT: Attempt = { place: 0, rounds: 0 };

/** What follows an attempt that failed; another round waits first. */
export const afterFailure = ({ place, rounds }: Attempt, brokers: number): Attempt =>
  place + 1 < brokers ? { place: place + 1, rounds } : { place: 0, rounds: rounds + 1 };

/** What follows a connection that was lost. One that was no good counts as a failed round: nobody is asked in a tight loop. */
export const afterLoss = ({ rounds }: Attempt, lasted: Millis): Attempt => ({
  place: 0,
  rounds: lasted >= STEADY ? 1 : rounds + 1,
});
