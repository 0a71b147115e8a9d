import { type Cidr, makeCidr } from './ip.ts';

/**
 * The smallest list of networks that covers exactly the same addresses: contained ones dropped, halves joined. Sorted.
 * Interval sets in the kernel refuse overlaps, so whatever a person lists goes through here first.
 */
export function aggregate(networks: readonly Cidr[]): readonly Cidr[] {
  const merged: Cidr[] = [];
  for (const next of [...networks].sort(byStart)) {
    const last = merged.at(-1);
    if (last !== undefined && covers(last, next)) continue;
    merged.push(next);
    while (joinTail(merged));
  }
  return merged;
}

const covers = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family &&
  outer.prefix <= inner.prefix &&
  makeCidr(inner.family, inner.bytes, outer.prefix).text === outer.text;

/** Replaces the last two networks by the one they are the halves of; false when they are not. */
function joinTail(list: Cidr[]): boolean {
  const [low, high] = list.slice(-2);
  if (low === undefined || high === undefined || low.family !== high.family || low.prefix !== high.prefix) return false;
  if (low.prefix === 0) return false;
  const parent = makeCidr(low.family, low.bytes, low.prefix - 1);
  if (makeCidr(high.family, high.bytes, high.prefix - 1).text !== parent.text) return false;
  list.splice(-2, 2, parent);
  return true;
}

/** By family and first address, of two with the same the wider first. */
export function byStart(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let i = 0; i < a.bytes.length; i++) {
    const difference = (a.bytes[i] ?? 0) - (b.bytes[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.prefix - b.prefix;
}
