import type { Millis } from '../../base/time.ts';
import { type Position, PROVENANCES, type Provenance } from '../../event/event.ts';
import { grown } from './columns.ts';
import { NO_TEXT, type Texts } from './texts.ts';

/** No row, no sighting. */
export const NONE = -1;

/** Of one sighting in its columns, with half as much again for columns that grew ahead. */
export const SIGHTING_BYTES = 72;

/** One event that counts for some checks, as it is put in; texts are held by their numbers. */
export interface Sighted {
  readonly at: Millis;
  readonly position: Position;
  readonly provenance: Provenance;
  /** How many it counts for, ≥ 1. */
  readonly weight: number;
  /** Bits of the checks that count it. */
  readonly checks: number;
  /** What distinct counts distinguish: a text's number, or a number of its own; 0 is none. */
  readonly value: number;
  /** With `port` the connection it belongs to: a text's number. */
  readonly peer: number;
  readonly port: number;
}

/** Sightings of all keys, a row of columns each, chained from the newest of a key to its oldest. */
export class Sightings {
  readonly #texts: Texts;
  readonly #valuesAreTexts: boolean;
  #at = new Float64Array(64);
  #offset = new Float64Array(64);
  #source = new Uint32Array(64);
  #value = new Uint32Array(64);
  #peer = new Uint32Array(64);
  #weight = new Uint32Array(64);
  #checks = new Uint32Array(64);
  #older = new Int32Array(64);
  #port = new Uint16Array(64);
  #provenance = new Uint8Array(64);
  /** First of the chain of rows that are free. */
  #free = NONE;
  #used = 0;
  #size = 0;
  #spent = 0;

  /** @param valuesAreTexts whether values are numbers of `texts` */
  constructor(texts: Texts, valuesAreTexts: boolean) {
    this.#texts = texts;
    this.#valuesAreTexts = valuesAreTexts;
  }

  at(i: number): Millis {
    return this.#at[i] as Millis;
  }

  /** The next older one of the same key, or `NONE`. */
  older(i: number): number {
    return this.#older[i] as number;
  }

  link(i: number, older: number): void {
    this.#older[i] = older;
  }

  checks(i: number): number {
    return this.#checks[i] as number;
  }

  /** The checks count it no more. */
  discount(i: number, bits: number): void {
    const before = this.#checks[i] as number;
    const checks = before & ~bits;
    this.#checks[i] = checks;
    if (checks === 0 && before !== 0) this.#spent++;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** How many of them no check counts any more. */
  get spent(): number {
    return this.#spent;
  }

  value(i: number): number {
    return this.#value[i] as number;
  }

  weight(i: number): number {
    return this.#weight[i] as number;
  }

  peer(i: number): number {
    return this.#peer[i] as number;
  }

  port(i: number): number {
    return this.#port[i] as number;
  }

  position(i: number): Position {
    return { source: this.#texts.of(this.#source[i] as number), offset: this.#offset[i] as number };
  }

  provenance(i: number): Provenance {
    return PROVENANCES[this.#provenance[i] as number] ?? 'spoofable';
  }

  /** Takes over the references to the texts. @returns its number, chained to nothing yet */
  put({ at, position, provenance, weight, checks, value, peer, port }: Sighted): number {
    const i = this.#next();
    this.#size++;
    this.#at[i] = at;
    this.#offset[i] = position.offset;
    this.#source[i] = this.#texts.hold(position.source);
    this.#provenance[i] = PROVENANCES.indexOf(provenance);
    this.#weight[i] = weight;
    this.#checks[i] = checks;
    this.#value[i] = value;
    this.#peer[i] = peer;
    this.#port[i] = port;
    this.#older[i] = NONE;
    return i;
  }

  /** What it claims: itself, and its texts as if nobody else held them. */
  claim(i: number): number {
    const value = this.#valuesAreTexts ? this.#texts.sizeOf(this.#value[i] as number) : 0;
    return SIGHTING_BYTES + value + this.#texts.sizeOf(this.#peer[i] as number);
  }

  drop(i: number): void {
    this.#size--;
    this.#texts.release(this.#source[i] as number);
    this.#texts.release(this.#peer[i] as number);
    if (this.#valuesAreTexts) this.#texts.release(this.#value[i] ?? NO_TEXT);
    if (this.#checks[i] === 0) this.#spent--;
    this.#older[i] = this.#free;
    this.#free = i;
  }

  #next(): number {
    const i = this.#free;
    if (i !== NONE) {
      this.#free = this.#older[i] as number;
      return i;
    }
    if (this.#used === this.#at.length) this.#grow(this.#used + 1);
    return this.#used++;
  }

  #grow(length: number): void {
    this.#at = grown(this.#at, length);
    this.#offset = grown(this.#offset, length);
    this.#source = grown(this.#source, length);
    this.#value = grown(this.#value, length);
    this.#peer = grown(this.#peer, length);
    this.#weight = grown(this.#weight, length);
    this.#checks = grown(this.#checks, length);
    this.#older = grown(this.#older, length);
    this.#port = grown(this.#port, length);
    this.#provenance = grown(this.#provenance, length);
  }
}
