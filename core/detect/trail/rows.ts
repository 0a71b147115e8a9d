import { grown } from './columns.ts';
import { KeyIndex } from './key-index.ts';
import { NONE } from './sightings.ts';

/** Of one row in its columns and in the index, with half as much again for columns that grew ahead. */
export const ROW_BYTES = 80;

/** How much is known of a key: 0–1, 2–3, 4–7, 8 and more sightings. */
export const LEVELS = 4;

export const levelOf = (sightings: number): number => (sightings < 2 ? 0 : sightings < 4 ? 1 : sightings < 8 ? 2 : 3);

/**
 * The keys of a detector, a row of columns each: found by key, and chained within their level from the least to the most
 * recently written.
 */
export class Rows {
  readonly #keys = { high: new Int32Array(64), low: new Int32Array(64) };
  readonly #index: KeyIndex;
  #turn = new Float64Array(64);
  #newest = new Int32Array(64);
  #older = new Int32Array(64);
  #newer = new Int32Array(64);
  #count = new Uint16Array(64);
  #bytes = new Uint32Array(64);
  #level = new Uint8Array(64);
  #flags = new Uint8Array(64);
  readonly #first = new Int32Array(LEVELS).fill(NONE);
  readonly #last = new Int32Array(LEVELS).fill(NONE);
  readonly #levelBytes = new Float64Array(LEVELS);
  /** Chained by `older`. */
  #free = NONE;
  #used = 0;

  constructor(salt: number) {
    this.#index = new KeyIndex(this.#keys, salt);
  }

  get size(): number {
    return this.#index.size;
  }

  /** All rows are below this number. */
  get end(): number {
    return this.#used;
  }

  /** What all rows claim that are in a level's chain. */
  get claims(): number {
    let bytes = 0;
    for (let level = 0; level < LEVELS; level++) bytes += this.#levelBytes[level] as number;
    return bytes;
  }

  find(high: number, low: number): number {
    return this.#index.find(high, low);
  }

  /** A key that has no row. @returns a row without sightings, in no level's chain yet */
  create(high: number, low: number): number {
    const row = this.#next();
    this.#keys.high[row] = high;
    this.#keys.low[row] = low;
    this.#newest[row] = NONE;
    this.#count[row] = 0;
    this.#bytes[row] = ROW_BYTES;
    this.#flags[row] = 0;
    this.#level[row] = LEVELS;
    this.#index.add(row);
    return row;
  }

  remove(row: number): void {
    this.#unchain(row);
    this.#index.remove(row);
    this.#older[row] = this.#free;
    this.#free = row;
  }

  high(row: number): number {
    return this.#keys.high[row] as number;
  }

  low(row: number): number {
    return this.#keys.low[row] as number;
  }

  /** Its newest sighting, or `NONE`. */
  newest(row: number): number {
    return this.#newest[row] as number;
  }

  setNewest(row: number, sighting: number): void {
    this.#newest[row] = sighting;
  }

  /** How many sightings it has. */
  count(row: number): number {
    return this.#count[row] as number;
  }

  setCount(row: number, count: number): void {
    this.#count[row] = count;
  }

  flags(row: number): number {
    return this.#flags[row] as number;
  }

  setFlags(row: number, flags: number): void {
    this.#flags[row] = flags;
  }

  /** The number of the write that touched it last. */
  turn(row: number): number {
    return this.#turn[row] as number;
  }

  /** The least recently written of a level, or `NONE`. */
  first(level: number): number {
    return this.#first[level] as number;
  }

  /**
   * The one that goes first: the least recently written of the lowest level that claims more than its quarter. There must
   * be one.
   */
  toGo(): number {
    const share = this.claims / LEVELS;
    let level = 0;
    while (level < LEVELS && (this.#levelBytes[level] as number) <= share) level++;
    if (level === LEVELS) level = this.#first.findIndex((row) => row !== NONE);
    return this.first(level);
  }

  /** The row and what hangs on it take so many bytes more, or fewer. */
  claim(row: number, bytes: number): void {
    this.#bytes[row] = (this.#bytes[row] as number) + bytes;
    this.#addBytes(this.#level[row] as number, bytes);
  }

  /** Makes it the most recent of the level. */
  touch(row: number, level: number, turn: number): void {
    this.#turn[row] = turn;
    if (this.#last[level] === row) return;
    this.#unchain(row);
    const before = this.#last[level] as number;
    this.#level[row] = level;
    this.#addBytes(level, this.#bytes[row] as number);
    this.#older[row] = before;
    this.#newer[row] = NONE;
    if (before === NONE) this.#first[level] = row;
    else this.#newer[before] = row;
    this.#last[level] = row;
  }

  #unchain(row: number): void {
    const level = this.#level[row] as number;
    if (level === LEVELS) return;
    const older = this.#older[row] as number;
    const newer = this.#newer[row] as number;
    if (older === NONE) this.#first[level] = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#last[level] = older;
    else this.#older[newer] = older;
    this.#addBytes(level, -(this.#bytes[row] as number));
    this.#level[row] = LEVELS;
  }

  #addBytes(level: number, bytes: number): void {
    if (level === LEVELS) return;
    this.#levelBytes[level] = (this.#levelBytes[level] as number) + bytes;
  }

  #next(): number {
    const row = this.#free;
    if (row !== NONE) {
      this.#free = this.#older[row] as number;
      return row;
    }
    if (this.#used === this.#turn.length) this.#grow(this.#used + 1);
    return this.#used++;
  }

  #grow(length: number): void {
    this.#keys.high = grown(this.#keys.high, length);
    this.#keys.low = grown(this.#keys.low, length);
    this.#turn = grown(this.#turn, length);
    this.#newest = grown(this.#newest, length);
    this.#older = grown(this.#older, length);
    this.#newer = grown(this.#newer, length);
    this.#count = grown(this.#count, length);
    this.#bytes = grown(this.#bytes, length);
    this.#level = grown(this.#level, length);
    this.#flags = grown(this.#flags, length);
  }
}
