import type { Millis } from '../../base/time.ts';
import type { Event, Position, Provenance } from '../../event/event.ts';
import type { StateChange } from '../detector.ts';
import type { SourceGroups } from '../trail/keys.ts';
import type { SlidingCheck, SlidingSettings, Stream } from './sliding-check.ts';

/** A check as it is set; its place in the list is its bit. */
export interface WindowCheck {
  readonly name: string;
  readonly counts: number;
  readonly completes: number;
  readonly measure: SlidingCheck['measure'];
  readonly threshold: number;
  readonly window: Millis;
  /** How long the key is quiet after a finding. */
  readonly quiet: Millis;
  /** The newest events that reach so many are kept. */
  readonly keeps: number;
  /** A value that came more often does not count. */
  readonly triesAtMost: number | undefined;
}

export interface WindowSettings {
  readonly stream: Stream;
  /** At most 31. */
  readonly checks: readonly WindowCheck[];
  readonly groups: SourceGroups;
  /** See `KeyIndex`. */
  readonly salt: number;
}

/** A finding that an event completed. */
export interface Completed {
  /** Its check's place. */
  readonly check: number;
  /** What was measured. */
  readonly count: number;
  /** Of the earliest that counted. */
  readonly first: Position;
  readonly firstAt: Millis;
  readonly latestAt: Millis;
  /** The least trustworthy. */
  readonly provenance: Provenance;
  /** Newest first. */
  readonly values: readonly (string | number)[];
}

export const NOTHING_COMPLETED: readonly Completed[] = [];

/**
 * Counts the events of a stream in sliding windows, as `SlidingDetector` says, and remembers what counts. All that do so
 * find the same, hold as many bytes, and let go in the same order.
 */
export interface Windows {
  /** @param traits not 0 @param key the address, or the account */
  step(event: Event, traits: number, key: string): readonly Completed[];
  /** See `Detector`, for this and the others. */
  snapshot(): readonly StateChange[];
  restore(entries: Iterable<StateChange>): { readonly skipped: number };
  forget(key: string): void;
  bytes(): number;
  evict(bytes: number): number;
}

export type OpenWindows = (settings: WindowSettings) => Windows;

export function windowCheck([check, { threshold, window }]: readonly [SlidingCheck, SlidingSettings]): WindowCheck {
  const { counts, completes = counts, measure, triesAtMost } = check;
  const isEach = check.threshold === undefined;
  const isByOthers = completes !== counts;
  return {
    ...{ name: check.info.name, counts, completes, measure, triesAtMost },
    threshold: isEach ? 1 : threshold,
    // Nothing stays in the set where each event is a finding: any window will do.
    window: isEach ? (1 as Millis) : window,
    quiet: isByOthers ? (0 as Millis) : window,
    keeps: isByOthers ? threshold : triesAtMost === undefined ? Number.POSITIVE_INFINITY : 4 * threshold,
  };
}
