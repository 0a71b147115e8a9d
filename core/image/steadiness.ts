import type { Millis } from '../base/time.ts';
import type { Verdict } from './health.ts';

/** What a boot must show before it is confirmed. */
export interface Needs {
  /** Good readings in a row. */
  readonly readings: number;
  /** From the first of them to the last. */
  readonly window: Millis;
  /** How long a slot that was never confirmed may go without before it gives way to the other. */
  readonly within: Millis;
}

/** A reading, on the boot-time clock. */
export interface Reading {
  readonly at: Millis;
  readonly verdict: Verdict;
}

/** The good readings in a row so far; another process begins with none. */
export interface Steadiness {
  readonly readings: number;
  /** From the first to the last of them. */
  readonly lasted: Millis;
  readonly since?: Millis;
}

export const UNSTEADY: Steadiness = { readings: 0, lasted: 0 as Millis };

/** Takes one more reading into account; one that is not good begins anew. */
export function steadier({ readings, since }: Steadiness, { at, verdict }: Reading): Steadiness {
  if (verdict !== 'good') return UNSTEADY;
  const first = since ?? at;
  return { readings: readings + 1, since: first, lasted: (at - first) as Millis };
}

export const isSteady = ({ readings, lasted }: Steadiness, needs: Needs): boolean =>
  readings >= needs.readings && lasted >= needs.window;
