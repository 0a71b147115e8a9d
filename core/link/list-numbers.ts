import { compareAt } from '../respond/lists/ranges.ts';
import { type Family, Grown, rowWidth } from './list-rows.ts';

/** An entry takes so many bytes at most: a mark, a prefix length, and its bits by 7. */
const LONGEST = { 4: 7, 6: 21 } as const;

const [NO_PREFIX, NO_NUMBER, NEEDLESS, BITS_BEHIND, UNSORTED] = [
  'a prefix is no such',
  'a number is cut off, too large or longer than it needs to be',
  'a prefix is said that goes without saying',
  'a network has bits behind its prefix',
  'entries are not sorted, or lie within each other',
];

/** Rows as `ListContent` has them. No object a row: a list has a million. */
export function encodeRows(rows: Uint8Array, family: Family): Uint8Array {
  const out = new Grown(rows.length / 2);
  return (family === 4 ? encodeFour(rows, out) : encodeSix(rows, out)).copy();
}

function encodeFour(rows: Uint8Array, out: Grown): Grown {
  let before = 0;
  for (let at = 0; at < rows.length; at += 5) {
    out.room(LONGEST[4]);
    const first = numberAt(rows, at);
    addPrefix(out, rows[at + 4] as number, 32, first === before);
    let left = first - before;
    for (; left > 0x7f; left >>>= 7) out.bytes[out.length++] = (left & 0x7f) | 0x80;
    out.bytes[out.length++] = left;
    before = first;
  }
  return out;
}

function encodeSix(rows: Uint8Array, out: Grown): Grown {
  const [before, difference] = [new Uint8Array(16), new Uint8Array(16)];
  for (let at = 0; at < rows.length; at += 17) {
    out.room(LONGEST[6]);
    let [borrow, any] = [0, 0];
    for (let i = 15; i >= 0; i--) {
      const left = (rows[at + i] as number) - (before[i] as number) - borrow;
      borrow = left < 0 ? 1 : 0;
      difference[i] = left;
      any |= left & 0xff;
      before[i] = rows[at + i] as number;
    }
    addPrefix(out, rows[at + 16] as number, 128, any === 0);
    addLong(out, difference);
  }
  return out;
}

function addPrefix(out: Grown, prefix: number, longest: number, isZero: boolean): void {
  if (prefix === longest && !isZero) return;
  out.bytes[out.length++] = 0;
  out.bytes[out.length++] = prefix;
}

/** The bytes, the highest first, as an unsigned LEB128 number. */
function addLong(out: Grown, number: Uint8Array): void {
  let top = 0;
  while (top < 15 && number[top] === 0) top++;
  let [held, bits] = [0, 0];
  for (let i = 15; i >= top; i--) {
    held |= (number[i] as number) << bits;
    bits += 8;
    while (bits >= 7 && (i > top || held > 0x7f)) {
      out.bytes[out.length++] = (held & 0x7f) | 0x80;
      held >>>= 7;
      bits -= 7;
    }
  }
  out.bytes[out.length++] = held;
}

/**
 * Adds the rows of a content behind those that are there.
 * @param most rows there may be
 * @returns what is wrong with the bytes; undefined when nothing is
 */
export function decodeInto(rows: Grown, bytes: Uint8Array, family: Family, most: number): string | undefined {
  return family === 4 ? decodeFour(rows, bytes, most) : decodeSix(rows, bytes, most);
}

function decodeFour(rows: Grown, bytes: Uint8Array, most: number): string | undefined {
  let [first, last] = [0, rows.length === 0 ? -1 : lastFour(rows.bytes, rows.length - 5)];
  for (let at = 0, isFirst = true; at < bytes.length; isFirst = false) {
    const isMarked = bytes[at] === 0;
    const prefix = isMarked ? bytes[at + 1] : 32;
    if (prefix === undefined || prefix > 32) return NO_PREFIX;
    const from = isMarked ? at + 2 : at;
    const size = sizeOfNumber(bytes, from);
    if (size === 0 || size > 5) return NO_NUMBER;
    let number = 0;
    for (let i = size - 1; i >= 0; i--) number = number * 128 + ((bytes[from + i] as number) & 0x7f);
    first += number;
    if (first > 0xffff_ffff) return NO_NUMBER;
    if (isMarked && prefix === 32 && !(isFirst && number === 0)) return NEEDLESS;
    const count = 2 ** (32 - prefix);
    if (first % count !== 0) return BITS_BEHIND;
    if (first <= last) return UNSORTED;
    if (rows.length >= most * 5) return `more than ${most} entries`;
    last = first + count - 1;
    addFour(rows, first, prefix);
    at = from + size;
  }
  return undefined;
}

function addFour(rows: Grown, first: number, prefix: number): void {
  rows.room(5);
  const { bytes, length } = rows;
  bytes[length] = first >>> 24;
  bytes[length + 1] = first >>> 16;
  bytes[length + 2] = first >>> 8;
  bytes[length + 3] = first;
  bytes[length + 4] = prefix;
  rows.length += 5;
}

function decodeSix(rows: Grown, bytes: Uint8Array, most: number): string | undefined {
  const [row, end, last] = [new Uint8Array(rowWidth(6)), new Uint8Array(16), new Uint8Array(16)];
  let isBehind = rows.length === 0;
  if (!isBehind) endOfSix(rows.bytes, rows.length - 17, last);
  for (let at = 0, isFirst = true; at < bytes.length; isFirst = false) {
    const isMarked = bytes[at] === 0;
    const prefix = isMarked ? bytes[at + 1] : 128;
    if (prefix === undefined || prefix > 128) return NO_PREFIX;
    const from = isMarked ? at + 2 : at;
    const size = sizeOfNumber(bytes, from);
    if (size === 0 || !addTo(row, bytes, from, size)) return NO_NUMBER;
    if (isMarked && prefix === 128 && !(isFirst && bytes[from] === 0)) return NEEDLESS;
    row[16] = prefix;
    if (!endOfSix(row, 0, end)) return BITS_BEHIND;
    if (!isBehind && compareAt(row, 0, last, 0, 16) <= 0) return UNSORTED;
    if (rows.length >= most * 17) return `more than ${most} entries`;
    last.set(end);
    isBehind = false;
    rows.add(row, 0, 17);
    at = from + size;
  }
  return undefined;
}

/** Bytes of an unsigned LEB128 number; 0 where it is cut off or longer than it needs to be. */
function sizeOfNumber(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x80) return byte === 0 && at > from ? 0 : at - from + 1;
  }
  return 0;
}

/** Adds a LEB128 number to an address; false where the sum has more than 128 bits. */
function addTo(row: Uint8Array, bytes: Uint8Array, from: number, size: number): boolean {
  let [held, bits, group, carry] = [0, 0, 0, 0];
  for (let i = 15; i >= 0; i--) {
    for (; bits < 8 && group < size; bits += 7) held |= ((bytes[from + group++] as number) & 0x7f) << bits;
    const sum = (row[i] as number) + (held & 0xff) + carry;
    row[i] = sum;
    carry = sum >> 8;
    held >>>= 8;
    bits = Math.max(0, bits - 8);
  }
  return carry === 0 && held === 0 && group === size;
}

const numberAt = (rows: Uint8Array, at: number): number =>
  (rows[at] as number) * 0x100_0000 +
  (((rows[at + 1] as number) << 16) | ((rows[at + 2] as number) << 8) | (rows[at + 3] as number));

const lastFour = (rows: Uint8Array, at: number): number =>
  numberAt(rows, at) + 2 ** (32 - (rows[at + 4] as number)) - 1;

/** The last address of a row's network; false where its first is not the network's. */
function endOfSix(rows: Uint8Array, at: number, end: Uint8Array): boolean {
  const free = 128 - (rows[at + 16] as number);
  for (let i = 0; i < 16; i++) {
    const mask = 0xff >> Math.max(0, Math.min(8, 8 - (free - (15 - i) * 8)));
    const byte = rows[at + i] as number;
    if ((byte & mask) !== 0) return false;
    end[i] = byte | mask;
  }
  return true;
}
