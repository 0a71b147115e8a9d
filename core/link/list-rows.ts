import { type FamilyColumns, type ListColumns, widthOf } from '../respond/lists/columns.ts';
import { compareAt } from '../respond/lists/ranges.ts';
import { Rows } from '../respond/lists/rows.ts';

/** A list by family: rows of a first address and a prefix length, sorted, none within another. */
export interface ListRows {
  readonly 4: Uint8Array;
  readonly 6: Uint8Array;
}

export type Family = 4 | 6;
export const NO_ROWS = new Uint8Array(0);

/** Bytes of a row. */
export const rowWidth = (family: Family): 5 | 17 => (family === 4 ? 5 : 17);

/** Bytes that grow by doubling. Who has made room writes into them by itself. */
export class Grown {
  bytes: Uint8Array;
  length = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(Math.max(64, size));
  }

  room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.length + more, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  add(from: Uint8Array, start: number, end: number): void {
    this.room(end - start);
    this.bytes.set(from.subarray(start, end), this.length);
    this.length += end - start;
  }

  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export const rowsOf = (columns: ListColumns): ListRows => ({ 4: familyRows(columns, 4), 6: familyRows(columns, 6) });

function familyRows(columns: ListColumns, family: Family): Uint8Array {
  const width = widthOf(family);
  const { addresses, networks, prefixes } = columns[family];
  const out = new Uint8Array((addresses.length / width + prefixes.length) * (width + 1));
  let [i, net] = [0, 0];
  for (let to = 0; to < out.length; to += width + 1) {
    const isNet =
      i === addresses.length || (net < prefixes.length && compareAt(networks, net * width, addresses, i, width) < 0);
    const [from, at] = isNet ? [networks, net * width] : [addresses, i];
    for (let k = 0; k < width; k++) out[to + k] = from[at + k] as number;
    out[to + width] = isNet ? (prefixes[net] as number) : width * 8;
    if (isNet) net++;
    else i += width;
  }
  return out;
}

export const columnsOfRows = (rows: ListRows): ListColumns => ({
  4: familyColumns(rows, 4),
  6: familyColumns(rows, 6),
});

function familyColumns(rows: ListRows, family: Family): FamilyColumns {
  const width = widthOf(family);
  const own = rows[family];
  const [single, nets, prefixes] = [new Rows(width, own.length / (width + 1)), new Rows(width), new Grown(0)];
  for (let at = 0; at < own.length; at += width + 1) {
    if (own[at + width] === width * 8) single.add(own, at);
    else {
      nets.add(own, at);
      prefixes.add(own, at + width, at + width + 1);
    }
  }
  return { addresses: single.copy(), networks: nets.copy(), prefixes: prefixes.copy() };
}

/** Sorted rows of both; undefined where a row is in both. */
export function joined(a: Uint8Array, b: Uint8Array, width: number): Uint8Array | undefined {
  const out = new Grown(a.length + b.length);
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const order = compareAt(a, i, b, j, width);
    if (order === 0) return undefined;
    // Of the greater part a run at once.
    if (order < 0) {
      const start = i;
      do i += width;
      while (i < a.length && compareAt(a, i, b, j, width) < 0);
      out.add(a, start, i);
    } else {
      out.add(b, j, j + width);
      j += width;
    }
  }
  out.add(a, i, a.length);
  out.add(b, j, b.length);
  return out.copy();
}

/** Rows of `a` that are not in `b`; both sorted. */
export function lacking(a: Uint8Array, b: Uint8Array, width: number): Uint8Array {
  const out = new Grown(0);
  let [start, j] = [0, 0];
  for (let i = 0; i < a.length && j < b.length; i += width) {
    let order = compareAt(b, j, a, i, width);
    while (order < 0) {
      j += width;
      order = j < b.length ? compareAt(b, j, a, i, width) : 1;
    }
    if (order !== 0) continue;
    out.add(a, start, i);
    start = i + width;
    j += width;
  }
  out.add(a, start, a.length);
  return out.copy();
}
