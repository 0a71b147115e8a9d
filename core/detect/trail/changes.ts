import { type Millis, millis } from '../../base/time.ts';
import type { StateChange } from '../detector.ts';
import { decodeTrail, isCount, type StoredTrail } from './trail-codec.ts';

/** The key of the entry that holds what all trails share; no key's text begins with a space. */
export const CLOCK_KEY = ' clock';

/** Durable state as it is read: trails in the order in which they were written last. */
export interface StoredTrails {
  /** Entries that could not be read. */
  readonly skipped: number;
  readonly turn: number;
  readonly newest: Millis;
  readonly trails: readonly (readonly [key: string, trail: StoredTrail])[];
}

/** @param names the checks that are there now: state of the others is left out */
export function readTrails(
  changes: Iterable<StateChange>,
  names: readonly string[],
  valuesAreTexts: boolean,
): StoredTrails {
  let skipped = 0;
  let clock: Clock = { turn: 0, newest: millis(0), names };
  const read: (readonly [string, StoredTrail])[] = [];
  for (const [key, value] of changes) {
    if (value === undefined) continue;
    const trail = key === CLOCK_KEY ? undefined : decodeTrail(value, valuesAreTexts);
    const told = key === CLOCK_KEY ? readClock(value) : undefined;
    if (told !== undefined) clock = told;
    else if (trail !== undefined) read.push([key, trail]);
    else skipped++;
  }
  const bits = clock.names.map((name) => names.indexOf(name));
  const trails = read
    .sort(([, a], [, b]) => a.turn - b.turn)
    .map(([key, trail]) => [key, kept(trail, bits)] as const)
    .filter(([, { quiet, sightings }]) => quiet.length > 0 || sightings.length > 0);
  return { skipped, turn: clock.turn, newest: clock.newest, trails };
}

interface Clock {
  readonly turn: number;
  readonly newest: Millis;
  /** Of the checks by their bits then. */
  readonly names: readonly string[];
}

function readClock(value: unknown): Clock | undefined {
  if (!Array.isArray(value)) return undefined;
  const [turn, newest, names] = value;
  if (!isCount(turn) || !isCount(newest) || !Array.isArray(names)) return undefined;
  return { turn, newest: newest as Millis, names: names.map(String) };
}

/** @param bits by bit then: bit now, or -1 */
function kept({ turn, quiet, sightings }: StoredTrail, bits: readonly number[]): StoredTrail {
  return {
    turn,
    quiet: quiet.flatMap(([check, until]): [number, Millis][] => {
      const bit = bits[check] ?? -1;
      return bit < 0 ? [] : [[bit, until]];
    }),
    sightings: sightings.flatMap((sighting) => {
      const checks = moved(sighting.checks, bits);
      return checks === 0 ? [] : [{ ...sighting, checks }];
    }),
  };
}

function moved(checks: number, bits: readonly number[]): number {
  let now = 0;
  bits.forEach((bit, then) => {
    if (bit >= 0 && (checks & (1 << then)) !== 0) now |= 1 << bit;
  });
  return now;
}
