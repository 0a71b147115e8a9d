import type { Millis } from '../../base/time.ts';
import { PROVENANCES } from '../../event/event.ts';
import type { Sighted } from './sightings.ts';

/** One sighting with its texts written out. */
export interface StoredSighting extends Omit<Sighted, 'value' | 'peer'> {
  readonly value: string | number;
  readonly peer: string;
}

/** What is known of one key. */
export interface StoredTrail {
  /** Number of the write that made it: the order of activity, kept across a restart. */
  readonly turn: number;
  /** By check: what happens before is not counted. */
  readonly quiet: readonly (readonly [check: number, until: Millis])[];
  /** Newest first. */
  readonly sightings: readonly StoredSighting[];
}

/** Numbers of one sighting in a row. */
const WIDTH = 9;

/**
 * `[turn, quiet, texts, …]`, where `quiet` is a flat list of check and moment, and behind the texts, each there once, nine
 * numbers follow for every sighting: time, offset, source, provenance, weight, checks, value, peer, port.
 */
export function encodeTrail({ turn, quiet, sightings }: StoredTrail): unknown {
  const texts: string[] = [];
  const numberOf = (text: string | number): number => {
    if (typeof text === 'number') return text;
    if (text === '') return 0;
    const known = texts.indexOf(text) + 1;
    return known > 0 ? known : texts.push(text);
  };
  const numbers: number[] = [];
  for (const { at, position, provenance, weight, checks, value, peer, port } of sightings) {
    const [source, trust] = [numberOf(position.source), PROVENANCES.indexOf(provenance)];
    numbers.push(at, position.offset, source, trust, weight, checks, numberOf(value), numberOf(peer), port);
  }
  return [turn, quiet.flat(), texts, ...numbers];
}

/** @returns undefined when the value is not of `encodeTrail`'s form */
export function decodeTrail(written: unknown, valuesAreTexts: boolean): StoredTrail | undefined {
  if (!Array.isArray(written)) return undefined;
  const [turn, quiet, texts, ...numbers] = written;
  if (!isCount(turn) || !isCounts(quiet) || quiet.length % 2 !== 0) return undefined;
  if (!isTexts(texts) || !isCounts(numbers) || numbers.length % WIDTH !== 0) return undefined;
  const sightings: StoredSighting[] = [];
  for (let i = 0; i < numbers.length; i += WIDTH) {
    const sighting = decodeSighting(numbers.slice(i, i + WIDTH), texts, valuesAreTexts);
    if (sighting === undefined) return undefined;
    sightings.push(sighting);
  }
  const pairs = Array.from({ length: quiet.length / 2 }, (_, i): [number, Millis] => [
    quiet[2 * i] ?? 0,
    (quiet[2 * i + 1] ?? 0) as Millis,
  ]);
  return { turn, quiet: pairs, sightings };
}

function decodeSighting(
  numbers: readonly number[],
  texts: readonly string[],
  valuesAreTexts: boolean,
): StoredSighting | undefined {
  const [at = 0, offset = 0, source = 0, trust = 0, weight = 0, checks = 0, value = 0, peer = 0, port = 0] = numbers;
  const provenance = PROVENANCES[trust];
  const [from, written, address] = [
    texts[source - 1],
    valuesAreTexts ? textOf(value, texts) : value,
    textOf(peer, texts),
  ];
  if (from === undefined || provenance === undefined || written === undefined || address === undefined)
    return undefined;
  const position = { source: from, offset };
  return { at: at as Millis, position, provenance, weight, checks, value: written, peer: address, port };
}

const textOf = (number: number, texts: readonly string[]): string | undefined =>
  number === 0 ? '' : texts[number - 1];

/** A whole number that is not negative. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCounts = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isCount);

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '');
