import type { Millis } from '../base/time.ts';

/**
 * What a record must be. One tree serves every search: the text syntax, its JSON form and each surface's own filters are
 * ways to write it. Fields go by the short names of a catalogue.
 *
 * A comparison is true only of a field that is there, `ne` included; `not` is true of whatever its part is not true of.
 * Text is compared without regard to the case of ASCII letters unless `cased`.
 */
export type Node = All | Junction | Not | Leaf;

/** True of every record. */
export interface All {
  readonly op: 'all';
}

/** Two parts at least. */
export interface Junction {
  readonly op: 'and' | 'or';
  readonly of: readonly Node[];
}

export interface Not {
  readonly op: 'not';
  readonly of: Node;
}

export type Leaf = FreeText | Equal | Order | Among | Pattern | Within | Exists;

/** The words stand in a text field of the record, literally, and begin and end where words do: `grep -iwF`. */
export interface FreeText {
  readonly op: 'text';
  readonly value: string;
}

/** Addresses in canonical text, times in milliseconds. */
export type Value = string | number;

export interface Equal {
  readonly op: 'eq' | 'ne';
  readonly field: string;
  readonly value: Value;
  readonly cased?: true;
}

/** Of numbers and times. */
export interface Order {
  readonly op: 'lt' | 'le' | 'gt' | 'ge';
  readonly field: string;
  readonly value: number;
}

/** One of the values, of which there is one at least. */
export interface Among {
  readonly op: 'in';
  readonly field: string;
  readonly values: readonly Value[];
  readonly cased?: true;
}

/**
 * Of texts and addresses. `glob`: `*` is any run of characters, `?` any one, and `\` takes the next one literally; the
 * whole value must match. `regex`: in the syntax of the engine given; it may match anywhere.
 */
export interface Pattern {
  readonly op: 'prefix' | 'suffix' | 'contains' | 'glob' | 'regex';
  readonly field: string;
  readonly value: string;
  readonly cased?: true;
}

/** The address lies in one of the networks, given in canonical CIDR form. */
export interface Within {
  readonly op: 'within';
  readonly field: string;
  readonly networks: readonly string[];
}

export interface Exists {
  readonly op: 'exists';
  readonly field: string;
}

/** Count records instead of listing them: one row for each combination of values that occurs. */
export interface Count {
  readonly by: readonly string[];
  /** Length of a time bucket; buckets begin at multiples of it since 1970. */
  readonly per?: Millis;
  /** Only the largest so many rows. */
  readonly top?: number;
}

/** A whole search. */
export interface Query {
  readonly where: Node;
  /** Moments within [from, to). */
  readonly from?: Millis;
  readonly to?: Millis;
  readonly order: 'newest' | 'oldest';
  /** Records on a page, 1 .. `MAX_LIMIT`. */
  readonly limit: number;
  /** Where the page before ended, see `cursor.ts`. */
  readonly after?: string;
  /** Only these fields of each record, by their short names. */
  readonly fields?: readonly string[];
  readonly count?: Count;
}

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 10_000;
/** Groups that a count may list. */
export const MAX_TOP = 10_000;
/** Of a tree that is read from outside. */
export const MAX_DEPTH = 32;
export const MAX_NODES = 1000;
/** Values in one list. */
export const MAX_VALUES = 1000;
/** UTF-16 units in one value. */
export const MAX_VALUE = 4096;
/** UTF-16 units in the text of a query. */
export const MAX_QUERY = 65_536;
/** The last moment of the year 9999: what RFC 3339 can write. */
export const LAST_MOMENT = 253_402_300_799_999;

export const EVERYTHING: Query = { where: { op: 'all' }, order: 'newest', limit: DEFAULT_LIMIT };
