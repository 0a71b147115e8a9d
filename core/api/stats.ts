import type { Millis } from '../base/time.ts';
import type { Rollup, RollupUnit } from '../incident/rollup.ts';

export interface Sources {
  /** Addresses. */
  readonly unique: number;
  /** Most findings first. */
  readonly top: readonly { readonly ip: string; readonly count: number }[];
}

/** Numbers kept as things happen, so that asking costs next to nothing. */
export interface Stats {
  /** The last `count` hours or days of UTC, oldest first, empty ones too. At most 48 hours and 366 days are kept. */
  series(unit: RollupUnit, count: number): readonly { readonly start: Millis; readonly rollup: Rollup }[];
  /** Event time of the newest critical finding. */
  lastCritical(): Millis | undefined;
  /** Who is behind the brute force findings of the last 24 hours. */
  bruteForce(top: number): Sources;
  /** Addresses that were blocked automatically within the last 24 hours. */
  blocked(): number;
}
