import type { NftOp, PackedKeys } from '../../native/nft/index.ts';
import { countOf, textAt } from './list-keys.ts';
import type { ListSet } from './list-rules.ts';

/** Ops in one transaction: each packet is judged by the set before it or after it. */
const MOST = 10_000;

/**
 * What makes the sets of one generation those of the next, where they are the same sets of the same room; undefined where they are
 * others, or differ in too much for one transaction. What goes is taken out first: a set of networks takes no overlaps.
 */
export function differenceOf(before: readonly ListSet[], after: readonly ListSet[]): readonly NftOp[] | undefined {
  const pairs = after.map((set) => [before.find(({ name }) => name === set.name), set] as const);
  const removed: NftOp[] = [];
  const added: NftOp[] = [];
  for (const [old, set] of pairs) {
    if (old === undefined || old.size !== set.size) return undefined;
    const isFew = merge(old.keys, set.keys, (from, key) => {
      if (from === 'before') removed.push({ kind: 'delete', set: set.name, key });
      else added.push({ kind: 'add', set: set.name, key, timeout: 'never' });
      return removed.length + added.length <= MOST;
    });
    if (!isFew) return undefined;
  }
  return before.length === after.length ? [...removed, ...added] : undefined;
}

/** Tells of each key that is in one of two sorted columns only, while `tell` says to go on. */
function merge(
  before: PackedKeys,
  after: PackedKeys,
  tell: (from: 'before' | 'after', key: string) => boolean,
): boolean {
  const [m, n] = [countOf(before), countOf(after)];
  let [i, j] = [0, 0];
  while (i < m || j < n) {
    const order = i === m ? 1 : j === n ? -1 : compared(before, i, after, j);
    if (order === 0) {
      i++;
      j++;
    } else if (order < 0) {
      if (!tell('before', textAt(before, i++))) return false;
    } else if (!tell('after', textAt(after, j++))) return false;
  }
  return true;
}

function compared(a: PackedKeys, i: number, b: PackedKeys, j: number): number {
  const width = a.family === 4 ? 4 : 16;
  for (let k = 0; k < width; k++) {
    const difference = (a.bytes[i * width + k] as number) - (b.bytes[j * width + k] as number);
    if (difference !== 0) return difference;
  }
  return (a.prefixes?.[i] ?? 0) - (b.prefixes?.[j] ?? 0);
}
