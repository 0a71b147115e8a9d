import type { Provenance } from '../../event/event.ts';
import { grown } from '../trail/columns.ts';
import { NONE, type Sightings } from '../trail/sightings.ts';
import { leastTrusted } from './finding-of.ts';

/** The sightings of one key that a check counts: chained from `first`, the newest, those with `bit`. */
export interface Chain {
  readonly sightings: Sightings;
  readonly first: number;
  readonly bit: number;
}

/** The latest event time in the set; 0 when it is empty. */
export function latestOf({ sightings, first, bit }: Chain): number {
  for (let i = first; i !== NONE; i = sightings.older(i)) if ((sightings.checks(i) & bit) !== 0) return sightings.at(i);
  return 0;
}

/**
 * What is in the window stays in the set; of that the newest that together reach `keeps`.
 * @param from the window begins after this moment
 * @returns how many the set counts
 */
export function reviewEvents({ sightings, first, bit }: Chain, from: number, keeps: number): number {
  let sum = 0;
  for (let i = first; i !== NONE; i = sightings.older(i)) {
    if ((sightings.checks(i) & bit) === 0) continue;
    if (sightings.at(i) <= from || sum >= keeps) sightings.discount(i, bit);
    else sum += sightings.weight(i);
  }
  return sum;
}

/** Of the value that came in, the newest stays. @returns how many different values are in the set */
export function reviewValues({ sightings, first, bit }: Chain, from: number, value: number): number {
  let count = 0;
  let isThere = false;
  for (let i = first; i !== NONE; i = sightings.older(i)) {
    if ((sightings.checks(i) & bit) === 0) continue;
    const isValue = sightings.value(i) === value;
    if (sightings.at(i) <= from || (isValue && isThere)) {
      sightings.discount(i, bit);
      continue;
    }
    if (isValue) isThere = true;
    count++;
  }
  return count;
}

/** How often each value is in a set; made once and used again. Values are small: the numbers of texts. */
export class Tries {
  /** A value that came more often does not count. */
  readonly limit: number;
  #counts = new Uint32Array(64);
  readonly #values: number[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  clear(): void {
    for (let i = 0; i < this.#values.length; i++) this.#counts[this.#values[i] as number] = 0;
    this.#values.length = 0;
  }

  of(value: number): number {
    return this.#counts[value] ?? 0;
  }

  add(value: number, count: number): void {
    if (value >= this.#counts.length) this.#counts = grown(this.#counts, value + 1);
    const before = this.#counts[value] as number;
    if (before === 0) this.#values.push(value);
    this.#counts[value] = before + count;
  }

  /** How many values came no more often than the limit. */
  atMost(): number {
    let values = 0;
    for (let i = 0; i < this.#values.length; i++) {
      if ((this.#counts[this.#values[i] as number] as number) <= this.limit) values++;
    }
    return values;
  }
}

/**
 * Of each value the newest that together pass the limit stay, or all; and of all the newest `keeps`.
 * @param tries is left with how often each value is in the set
 * @returns how many values came no more often than the limit
 */
export function reviewTries({ sightings, first, bit }: Chain, from: number, keeps: number, tries: Tries): number {
  const { limit } = tries;
  tries.clear();
  let held = 0;
  for (let i = first; i !== NONE; i = sightings.older(i)) {
    if ((sightings.checks(i) & bit) === 0) continue;
    const value = sightings.value(i);
    if (sightings.at(i) <= from || held === keeps || tries.of(value) > limit) {
      sightings.discount(i, bit);
      continue;
    }
    tries.add(value, sightings.weight(i));
    held++;
  }
  return tries.atMost();
}

/** What of a set is within `(from, to]`. */
export interface Gathered {
  readonly weight: number;
  /** `NONE` when nothing is. */
  readonly oldest: number;
  readonly latestAt: number;
  readonly provenance: Provenance;
  /** Newest first. */
  readonly values: readonly number[];
}

/** @param tries as a review left it: what came too often is not gathered */
export function gather({ sightings, first, bit }: Chain, from: number, to: number, tries: Tries | undefined): Gathered {
  let weight = 0;
  let oldest = NONE;
  let latestAt = 0;
  let provenance: Provenance = 'kernel';
  const values: number[] = [];
  for (let i = first; i !== NONE; i = sightings.older(i)) {
    const at = sightings.at(i);
    if ((sightings.checks(i) & bit) === 0 || at <= from || at > to) continue;
    const value = sightings.value(i);
    if (tries !== undefined && tries.of(value) > tries.limit) continue;
    if (oldest === NONE) latestAt = at;
    oldest = i;
    weight += sightings.weight(i);
    provenance = leastTrusted(provenance, sightings.provenance(i));
    if (value !== 0) values.push(value);
  }
  return { weight, oldest, latestAt, provenance, values };
}

/** Empties the set. */
export function empty({ sightings, first, bit }: Chain): void {
  for (let i = first; i !== NONE; i = sightings.older(i)) sightings.discount(i, bit);
}
