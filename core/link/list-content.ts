import { fail, ok, type Result } from '../base/result.ts';
import { FAMILIES, type FamilyColumns, type ListColumns, widthOf } from '../respond/lists/columns.ts';
import { lastOf } from '../respond/lists/ranges.ts';
import { Rows } from '../respond/lists/rows.ts';
import type { ListChange, ListContent } from './list.ts';

/**
 * The content of a list in canonical form: by family, entries sorted by their first address, none within another. Each is
 * the difference of its first address to that of the entry before (of the first entry to zero) as an unsigned LEB128 number.
 * Where the prefix is not the longest, or the difference is 0, a zero byte and the prefix length stand before it.
 */
export const encodeContent = (columns: ListColumns): ListContent => contentOf(packed(columns));

/** The same cut into contents of so many entries at most, each beginning anew; none for an empty list. */
export function encodeParts(columns: ListColumns, most: number): readonly ListContent[] {
  const { 4: four, 6: six } = packed(columns);
  const cut = (rows: Uint8Array, width: number): readonly Uint8Array[] =>
    Array.from({ length: Math.ceil(rows.length / width / most) }, (_, i) =>
      rows.subarray(i * most * width, (i + 1) * most * width),
    );
  const none = new Uint8Array(0);
  return [
    ...cut(four, 5).map((rows) => contentOf({ 4: rows, 6: none })),
    ...cut(six, 17).map((rows) => contentOf({ 4: none, 6: rows })),
  ];
}

/**
 * Reads contents that follow each other: parts of a whole, in their order. Total: whatever comes in is read or refused.
 * @param most entries that are taken
 */
export function decodeContents(contents: readonly ListContent[], most: number): Result<ListColumns, 'malformed'> {
  const rows = { 4: new Rows(5), 6: new Rows(17) };
  for (const content of contents) {
    for (const family of FAMILIES) {
      const trouble = decodeInto(rows[family], family === 4 ? content.v4 : content.v6, most);
      if (trouble !== undefined) return fail('malformed', `version ${family}: ${trouble}`);
    }
  }
  return rows[4].count + rows[6].count > most
    ? fail('malformed', `more than ${most} entries`)
    : ok(unpacked({ 4: rows[4].copy(), 6: rows[6].copy() }));
}

/** What came and what went from one content to another. */
export function changeBetween(before: ListColumns, after: ListColumns): ListChange {
  const [old, renewed] = [packed(before), packed(after)];
  const added = { 4: lacking(renewed[4], old[4], 5), 6: lacking(renewed[6], old[6], 17) };
  const removed = { 4: lacking(old[4], renewed[4], 5), 6: lacking(old[6], renewed[6], 17) };
  return { added: contentOf(added), removed: contentOf(removed) };
}

/** Makes the change. @returns malformed: it is no change of this content */
export function changed(columns: ListColumns, { added, removed }: ListChange): Result<ListColumns, 'malformed'> {
  const most = Number.MAX_SAFE_INTEGER;
  const [plus, minus] = [decodeContents([added], most), decodeContents([removed], most)];
  if (!plus.ok) return plus;
  if (!minus.ok) return minus;
  const [rows, more, less] = [packed(columns), packed(plus.value), packed(minus.value)];
  const family = (which: 4 | 6): Uint8Array | undefined => {
    const width = widthOf(which) + 1;
    const left = lacking(rows[which], less[which], width);
    if (left.length + less[which].length !== rows[which].length) return undefined;
    return joined(left, more[which], width);
  };
  const [four, six] = [family(4), family(6)];
  return four === undefined || six === undefined
    ? fail('malformed', 'the change is of another content')
    : ok(unpacked({ 4: four, 6: six }));
}

/** By family: rows of a first address and a prefix length, sorted. */
interface Packed {
  readonly 4: Uint8Array;
  readonly 6: Uint8Array;
}

function packed(columns: ListColumns): Packed {
  const family = (which: 4 | 6): Uint8Array => {
    const width = widthOf(which);
    const { addresses, networks, prefixes } = columns[which];
    const single = withPrefix(addresses, width, () => width * 8);
    return joined(
      single,
      withPrefix(networks, width, (i) => prefixes[i] as number),
      width + 1,
    ) as Uint8Array;
  };
  return { 4: family(4), 6: family(6) };
}

function withPrefix(rows: Uint8Array, width: number, prefixOf: (row: number) => number): Uint8Array {
  const count = rows.length / width;
  const out = new Uint8Array(count * (width + 1));
  for (let row = 0; row < count; row++) {
    const to = row * (width + 1);
    for (let i = 0; i < width; i++) out[to + i] = rows[row * width + i] as number;
    out[to + width] = prefixOf(row);
  }
  return out;
}

function unpacked(rows: Packed): ListColumns {
  const family = (which: 4 | 6): FamilyColumns => {
    const width = widthOf(which);
    const [single, nets] = [new Rows(width), new Rows(width)];
    const prefixes: number[] = [];
    for (let at = 0; at < rows[which].length; at += width + 1) {
      const prefix = rows[which][at + width] as number;
      if (prefix === width * 8) single.add(rows[which], at);
      else {
        nets.add(rows[which], at);
        prefixes.push(prefix);
      }
    }
    return { addresses: single.copy(), networks: nets.copy(), prefixes: Uint8Array.from(prefixes) };
  };
  return { 4: family(4), 6: family(6) };
}

/** Sorted rows of both; undefined where a row is in both. */
function joined(a: Uint8Array, b: Uint8Array, width: number): Uint8Array | undefined {
  const out = new Uint8Array(a.length + b.length);
  let [i, j, to] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const order = i === a.length ? 1 : j === b.length ? -1 : compared(a, i, b, j, width);
    if (order === 0) return undefined;
    const [from, at] = order < 0 ? [a, i] : [b, j];
    for (let k = 0; k < width; k++) out[to + k] = from[at + k] as number;
    to += width;
    if (order < 0) i += width;
    else j += width;
  }
  return out;
}

/** Rows of `a` that are not in `b`; both sorted. */
function lacking(a: Uint8Array, b: Uint8Array, width: number): Uint8Array {
  const out = new Rows(width);
  let j = 0;
  for (let i = 0; i < a.length; i += width) {
    while (j < b.length && compared(b, j, a, i, width) < 0) j += width;
    if (j === b.length || compared(b, j, a, i, width) !== 0) out.add(a, i);
  }
  return out.copy();
}

function compared(a: Uint8Array, at: number, b: Uint8Array, bt: number, width: number): number {
  for (let i = 0; i < width; i++) {
    const difference = (a[at + i] as number) - (b[bt + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const contentOf = (rows: Packed): ListContent => ({ v4: encodeRows(rows[4], 4), v6: encodeRows(rows[6], 16) });

function encodeRows(rows: Uint8Array, width: number): Uint8Array {
  const out = new Rows(1, rows.length / 2 + 64);
  const [before, difference] = [new Uint8Array(width), new Uint8Array(width)];
  for (let at = 0; at < rows.length; at += width + 1) {
    const isZero = subtract(rows, at, before, difference);
    const prefix = rows[at + width] as number;
    if (prefix !== width * 8 || isZero) {
      out.add(ZERO);
      out.add(rows, at + width);
    }
    addNumber(out, difference);
    for (let i = 0; i < width; i++) before[i] = rows[at + i] as number;
  }
  return out.copy();
}

const ZERO = Uint8Array.of(0);

/** Into `out` what is left of the row at `at` without `less`. @returns whether that is zero */
function subtract(row: Uint8Array, at: number, less: Uint8Array, out: Uint8Array): boolean {
  let [borrow, any] = [0, 0];
  for (let i = less.length - 1; i >= 0; i--) {
    const left = (row[at + i] as number) - (less[i] as number) - borrow;
    borrow = left < 0 ? 1 : 0;
    out[i] = left;
    any |= left & 0xff;
  }
  return any === 0;
}

/** The bytes as an unsigned LEB128 number. */
function addNumber(out: Rows, number: Uint8Array): void {
  const size = number.length;
  let first = 0;
  while (first < size - 1 && number[first] === 0) first++;
  const bits = (size - first) * 8 - Math.clz32(number[first] as number) + 24;
  const groups = Math.max(1, Math.ceil(bits / 7));
  for (let group = 0; group < groups; group++) {
    const bit = group * 7;
    const low = (number[size - 1 - (bit >> 3)] as number) >> (bit & 7);
    const high = ((number[size - 2 - (bit >> 3)] ?? 0) << (8 - (bit & 7))) & 0x7f;
    out.add(Uint8Array.of(((low | high) & 0x7f) | (group === groups - 1 ? 0 : 0x80)));
  }
}

/** @returns what is wrong with the bytes; undefined when nothing is */
function decodeInto(rows: Rows, bytes: Uint8Array, most: number): string | undefined {
  const width = rows.width - 1;
  const row = new Uint8Array(width + 1);
  const last = new Uint8Array(width);
  let isFirst = true;
  const end = rows.count === 0 ? undefined : endOfRow(rows.bytes, (rows.count - 1) * rows.width, width);
  if (end !== undefined) last.set(end);
  let isBehind = end === undefined;
  for (let at = 0; at < bytes.length; ) {
    const marked = bytes[at] === 0;
    const prefix = marked ? bytes[at + 1] : width * 8;
    if (prefix === undefined || prefix > width * 8) return 'a prefix is no such';
    const read = addTo(row, width, bytes, marked ? at + 2 : at);
    if (read === undefined) return 'a number is cut off, too large or longer than it needs to be';
    if (marked && prefix === width * 8 && !(isFirst && read.isZero)) return 'a prefix is said that goes without saying';
    row[width] = prefix;
    const finish = endOfRow(row, 0, width);
    if (finish === undefined) return 'a network has bits behind its prefix';
    if (!isBehind && compared(row, 0, last, 0, width) <= 0) return 'entries are not sorted, or lie within each other';
    last.set(finish);
    isBehind = false;
    isFirst = false;
    if (rows.count >= most) return `more than ${most} entries`;
    rows.add(row);
    at = read.next;
  }
  return undefined;
}

/** The last address of a row's network; undefined where its first is not the network's. */
function endOfRow(rows: Uint8Array, at: number, width: number): Uint8Array | undefined {
  const first = rows.slice(at, at + width);
  const free = width * 8 - (rows[at + width] as number);
  const last = lastOf(first, free);
  for (let i = 0; i < width; i++) {
    const mask = (last[i] as number) ^ (first[i] as number);
    if (mask !== freeBits(free, width, i)) return undefined;
  }
  return last;
}

/** Bits of byte `i` that lie behind the prefix. */
const freeBits = (free: number, width: number, i: number): number =>
  0xff >> Math.max(0, Math.min(8, 8 - (free - (width - 1 - i) * 8)));

/** Adds a LEB128 number to the row's address; undefined where that cannot be. */
function addTo(
  row: Uint8Array,
  width: number,
  bytes: Uint8Array,
  from: number,
): { readonly next: number; readonly isZero: boolean } | undefined {
  const number = new Uint8Array(width);
  let at = from;
  for (let bit = 0; ; bit += 7, at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    const value = byte & 0x7f;
    if (value >= 2 ** Math.max(0, Math.min(7, width * 8 - bit))) return undefined;
    const low = width - 1 - (bit >> 3);
    if (low >= 0) number[low] = (number[low] as number) | (value << (bit & 7));
    if (low >= 1 && (bit & 7) > 1) number[low - 1] = (number[low - 1] as number) | (value >> (8 - (bit & 7)));
    if (byte < 0x80) {
      if (value === 0 && at > from) return undefined;
      break;
    }
  }
  let [carry, any] = [0, 0];
  for (let i = width - 1; i >= 0; i--) {
    any |= number[i] as number;
    const sum = (row[i] as number) + (number[i] as number) + carry;
    row[i] = sum;
    carry = sum >> 8;
  }
  return carry > 0 ? undefined : { next: at + 1, isZero: any === 0 };
}
