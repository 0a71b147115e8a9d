import { days, hours, type Millis, millis } from '../base/time.ts';
import type { Finding, Severity } from '../detect/finding.ts';

export const ROLLUP_UNITS = ['hour', 'day'] as const;
/** Buckets begin with an hour or a day of UTC. */
export type RollupUnit = (typeof ROLLUP_UNITS)[number];

const LENGTH: Readonly<Record<RollupUnit, Millis>> = { hour: hours(1), day: days(1) };

/** How many buckets are kept; older findings are not counted. */
export const KEPT: Readonly<Record<RollupUnit, number>> = { hour: 48, day: 366 };

/** Findings of one bucket by event time, suppressed ones left out. */
export interface Rollup {
  readonly severities: Readonly<Record<Severity, number>>;
  readonly checks: Readonly<Record<string, number>>;
}

export const EMPTY: Rollup = { severities: { warning: 0, high: 0, critical: 0 }, checks: {} };

/** The beginning of the bucket that a moment lies in. */
export const bucketOf = (unit: RollupUnit, at: Millis): Millis => millis(at - (at % LENGTH[unit]));

/** The first of the last `count` buckets, the one of `now` being the last. */
export const firstOf = (unit: RollupUnit, now: Millis, count: number): Millis =>
  millis(bucketOf(unit, now) - (count - 1) * LENGTH[unit]);

/** The last `count` buckets, the one of `now` last. */
export const bucketsUpTo = (unit: RollupUnit, now: Millis, count: number): readonly Millis[] =>
  Array.from({ length: count }, (_, i) => millis(firstOf(unit, now, count) + i * LENGTH[unit]));

/** A rollup that findings are still added to. */
export interface OpenRollup {
  readonly severities: Record<Severity, number>;
  readonly checks: Record<string, number>;
}

/** One that goes on from another, which stays as it is. */
export const opened = ({ severities, checks }: Rollup): OpenRollup => ({
  severities: { ...severities },
  checks: { ...checks },
});

export function countInto(into: OpenRollup, { severity, check }: Pick<Finding, 'severity' | 'check'>): void {
  into.severities[severity]++;
  into.checks[check] = (into.checks[check] ?? 0) + 1;
}

export const summed = (rollups: readonly Rollup[]): Rollup =>
  rollups.reduce(
    (sum, { severities, checks }) => ({
      severities: added(sum.severities, severities) as Record<Severity, number>,
      checks: added(sum.checks, checks),
    }),
    EMPTY,
  );

function added(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** How far the counting has come, kept in the batch that holds what was counted. */
export interface RollupState {
  /** Every finding up to this serial was counted. */
  readonly counted: number;
  /** How many of them are suppressed. */
  readonly suppressed: number;
  /** Event time of the newest critical finding. */
  readonly lastCritical?: Millis;
}
