import type { Count, Value } from './tree.ts';

/** One row of a count. `values` stand in the order of `Count.by`; `undefined` where the records have no such field. */
export interface CountRow {
  /** Beginning of the time bucket, with `per`. */
  readonly at?: number;
  readonly values: readonly (Value | undefined)[];
  readonly count: number;
}

export interface Counted {
  /** With `per` by time, then the largest first. */
  readonly rows: readonly CountRow[];
  /** Records counted, those in no row too. */
  readonly total: number;
  /** Records of groups that came when there were `MAX_GROUPS` already: they are in no row. */
  readonly ungrouped: number;
}

/** Groups that are told apart: what bounds the memory of a count. */
export const MAX_GROUPS = 100_000;
/** UTF-16 units of a value that tell groups apart and are shown. */
const MAX_LABEL = 256;

interface Group {
  readonly at: number | undefined;
  readonly values: readonly (Value | undefined)[];
  count: number;
}

/** Counts records by their values and time bucket, in bounded memory. */
export class Tally {
  readonly #count: Count;
  readonly #groups = new Map<string, Group>();
  #total = 0;
  #ungrouped = 0;

  constructor(count: Count) {
    this.#count = count;
  }

  /** @param times as many records of that bucket and these values */
  add(at: number, values: readonly (Value | undefined)[], times = 1): void {
    const { per } = this.#count;
    this.#total += times;
    const bucket = per === undefined ? undefined : Math.floor(at / per) * per;
    const labels = values.map((value) => (typeof value === 'string' ? value.slice(0, MAX_LABEL) : value));
    const key = JSON.stringify([bucket, ...labels.map((label) => label ?? null)]);
    const group = this.#groups.get(key);
    if (group !== undefined) group.count += times;
    else if (this.#groups.size < MAX_GROUPS) this.#groups.set(key, { at: bucket, values: labels, count: times });
    else this.#ungrouped += times;
  }

  result(): Counted {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    const top = groups.slice(0, this.#count.top ?? groups.length);
    if (this.#count.per !== undefined) top.sort((a, b) => (a.at ?? 0) - (b.at ?? 0) || b.count - a.count);
    const rows = top.map(({ at, values, count }) => ({ ...(at === undefined ? {} : { at }), values, count }));
    return { rows, total: this.#total, ungrouped: this.#ungrouped };
  }
}
