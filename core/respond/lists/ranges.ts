import { Rows, sortRows } from './rows.ts';

/**
 * Ranges of addresses: rows of a first and a last address, both of `width` bytes (4 or 16) in network byte order. Merged
 * ones are sorted, share no address, and no two touch.
 */

/** Below 0 where a is before b. */
export function compareAt(a: Uint8Array, at: number, b: Uint8Array, bt: number, width: number): number {
  for (let i = 0; i < width; i++) {
    const difference = (a[at + i] as number) - (b[bt + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Any ranges, merged. */
export function mergeRanges(rows: Uint8Array, width: number): Uint8Array {
  const sorted = sortRows(rows, width * 2, width);
  const merged = new Uint8Array(sorted.length);
  let end = 0;
  for (let at = 0; at < sorted.length; at += width * 2) {
    const last = end - width;
    if (end > 0 && reaches(merged, last, sorted, at, width)) {
      if (compareAt(sorted, at + width, merged, last, width) > 0) {
        merged.set(sorted.subarray(at + width, at + width * 2), last);
      }
    } else {
      merged.set(sorted.subarray(at, at + width * 2), end);
      end += width * 2;
    }
  }
  return merged.slice(0, end);
}

/** Whether a range that ends at `a` overlaps or touches one that begins at `b`, behind its own beginning. */
function reaches(a: Uint8Array, at: number, b: Uint8Array, bt: number, width: number): boolean {
  if (compareAt(b, bt, a, at, width) <= 0) return true;
  const next = a.slice(at, at + width);
  return step(next, 1) && compareAt(b, bt, next, 0, width) === 0;
}

/** The address behind (1) or before (-1), in place; false where there is none. */
function step(address: Uint8Array, by: 1 | -1): boolean {
  const carries = by === 1 ? 0xff : 0;
  for (let i = address.length - 1; i >= 0; i--) {
    const byte = address[i] as number;
    address[i] = byte + by;
    if (byte !== carries) return true;
  }
  return false;
}

/** What of merged ranges lies in none of the others, which are merged too. `touched`: how many lost something. */
export function subtractRanges(
  rows: Uint8Array,
  cuts: Uint8Array,
  width: number,
): { readonly rows: Uint8Array; readonly touched: number } {
  const left = new Rows(width * 2, rows.length / width);
  let touched = 0;
  let cut = 0;
  for (let at = 0; at < rows.length; at += width * 2) {
    while (cut < cuts.length && compareAt(cuts, cut + width, rows, at, width) < 0) cut += width * 2;
    const range = rows.slice(at, at + width * 2);
    let isLeft = true;
    let isTouched = false;
    for (let next = cut; isLeft && next < cuts.length; next += width * 2) {
      if (compareAt(cuts, next, range, width, width) > 0) break;
      isTouched = true;
      isLeft = takeOut(range, cuts.subarray(next, next + width * 2), width, left);
    }
    if (isLeft) left.add(range);
    if (isTouched) touched++;
  }
  return { rows: left.copy(), touched };
}

/** Adds what of the range is before the cut and makes the range what is behind it; false where that is nothing. */
function takeOut(range: Uint8Array, cut: Uint8Array, width: number, left: Rows): boolean {
  if (compareAt(range, 0, cut, 0, width) < 0) {
    const before = range.slice();
    before.set(cut.subarray(0, width), width);
    step(before.subarray(width), -1);
    left.add(before);
  }
  const after = cut.slice(width);
  if (!step(after, 1) || compareAt(after, 0, range, width, width) > 0) return false;
  range.set(after);
  return true;
}

/** Those of sorted addresses that lie in none of the merged ranges, each once. */
export function outside(addresses: Uint8Array, ranges: Uint8Array, width: number): Uint8Array {
  const kept = new Uint8Array(addresses.length);
  let end = 0;
  let range = 0;
  for (let at = 0; at < addresses.length; at += width) {
    if (end > 0 && compareAt(addresses, at, kept, end - width, width) === 0) continue;
    while (range < ranges.length && compareAt(ranges, range + width, addresses, at, width) < 0) range += width * 2;
    if (range < ranges.length && compareAt(ranges, range, addresses, at, width) <= 0) continue;
    for (let i = 0; i < width; i++) kept[end + i] = addresses[at + i] as number;
    end += width;
  }
  return kept.slice(0, end);
}

/** Networks side by side, sorted: the first addresses, and a prefix length each. */
export interface Networks {
  readonly bytes: Uint8Array;
  readonly prefixes: Uint8Array;
}

/** The fewest networks that cover exactly these merged ranges. */
export function networksOf(ranges: Uint8Array, width: number): Networks {
  const bytes = new Rows(width, ranges.length / width / 2);
  const prefixes = new Rows(1, ranges.length / width / 2);
  for (let at = 0; at < ranges.length; at += width * 2) {
    const from = ranges.slice(at, at + width);
    const last = ranges.subarray(at + width, at + width * 2);
    for (let isMore = true; isMore; ) {
      let bits = trailingZeros(from);
      while (compareAt(lastOf(from, bits), 0, last, 0, width) > 0) bits--;
      bytes.add(from);
      prefixes.add(Uint8Array.of(width * 8 - bits));
      from.set(lastOf(from, bits));
      isMore = step(from, 1) && compareAt(from, 0, last, 0, width) <= 0;
    }
  }
  return { bytes: bytes.copy(), prefixes: prefixes.copy() };
}

/** Networks as ranges, in the same order. */
export function rangesOf({ bytes, prefixes }: Networks, width: number): Uint8Array {
  const rows = new Uint8Array(bytes.length * 2);
  for (const [i, prefix] of prefixes.entries()) {
    const first = bytes.subarray(i * width, (i + 1) * width);
    rows.set(first, i * width * 2);
    rows.set(lastOf(first, width * 8 - prefix), i * width * 2 + width);
  }
  return rows;
}

/** The last address of the block of so many free bits. */
export function lastOf(first: Uint8Array, bits: number): Uint8Array {
  const last = first.slice();
  let left = bits;
  for (let i = last.length - 1; left > 0; i--, left -= 8)
    last[i] = (last[i] as number) | (left < 8 ? (1 << left) - 1 : 0xff);
  return last;
}

function trailingZeros(address: Uint8Array): number {
  let zeros = 0;
  for (let i = address.length - 1; i >= 0; i--) {
    const byte = address[i] as number;
    if (byte !== 0) return zeros + 31 - Math.clz32(byte & -byte);
    zeros += 8;
  }
  return zeros;
}
