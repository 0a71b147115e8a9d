import type { Millis } from '../base/time.ts';
import type { Position, Provenance } from '../event/event.ts';

/** One thing that counts, at its event time. `note` is what the detector wants to know of it later. */
export interface Sighting<N> {
  readonly at: Millis;
  /** How many it counts for, ≥ 1. */
  readonly weight: number;
  readonly position: Position;
  readonly provenance: Provenance;
  readonly note: N;
}

/** What is known of one key. Replaced, never changed. */
export interface WindowEntry<N> {
  /** Number of the write that made it: the order of activity, kept across a restart. */
  readonly turn: number;
  /** Sightings before this moment are not counted. */
  readonly quietUntil: Millis | undefined;
  /** Oldest first; equal times in order of arrival. */
  readonly sightings: readonly Sighting<N>[];
}
