import type { Millis } from '../base/time.ts';
import { PROVENANCES } from '../event/event.ts';
import type { Sighting, WindowEntry } from './window-entry.ts';

/** A note as restored; undefined when the value is none. */
export type ReadNote<N> = (value: unknown) => N | undefined;

/** `[turn, quietUntil | null, [at, weight, source, offset, provenance, note], …]` */
export const encodeEntry = <N>({ turn, quietUntil, sightings }: WindowEntry<N>): unknown => [
  turn,
  quietUntil ?? null,
  ...sightings.map(({ at, weight, position, provenance, note }) => [
    at,
    weight,
    position.source,
    position.offset,
    provenance,
    note,
  ]),
];

/** Gives one and the same string for equal ones: positions of a file restored from JSON would each have their own. */
export function interner(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const same = known.get(text);
    if (same !== undefined) return same;
    known.set(text, text);
    return text;
  };
}

/** @returns undefined when the value is not of `encodeEntry`'s form */
export function decodeEntry<N>(
  value: unknown,
  readNote: ReadNote<N>,
  intern: (text: string) => string,
): WindowEntry<N> | undefined {
  if (!Array.isArray(value)) return undefined;
  const [turn, quietUntil, ...rows] = value;
  if (!isCount(turn) || !(quietUntil === null || isCount(quietUntil))) return undefined;
  const sightings: Sighting<N>[] = [];
  for (const row of rows) {
    const sighting = decodeSighting(row, readNote, intern);
    if (sighting === undefined) return undefined;
    sightings.push(sighting);
  }
  return { turn, quietUntil: (quietUntil ?? undefined) as Millis | undefined, sightings };
}

function decodeSighting<N>(
  row: unknown,
  readNote: ReadNote<N>,
  intern: (text: string) => string,
): Sighting<N> | undefined {
  if (!Array.isArray(row)) return undefined;
  const [at, weight, source, offset, written, noted] = row;
  const note = readNote(noted);
  const provenance = PROVENANCES.find((known) => known === written);
  if (!isCount(at) || !isCount(weight) || typeof source !== 'string' || !isCount(offset)) return undefined;
  if (provenance === undefined || note === undefined) return undefined;
  return { at: at as Millis, weight, position: { source: intern(source), offset }, provenance, note };
}

/** A whole number that is not negative. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
