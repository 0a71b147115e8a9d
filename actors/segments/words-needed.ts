import type { Need } from '../../core/query/plan.ts';
import type { Block } from './block.ts';
import { intersect, type Mask } from './select.ts';

/**
 * The rows that have the words a match must have; undefined where all may. Says nothing of the rest of the query, and of
 * words says no more than their hashes do: too many rows, never too few.
 */
export function rowsWithWords(need: Need, block: Block): Mask | undefined {
  switch (need.kind) {
    case 'word':
      return block.words?.rowsOf(need.term, block.rows);
    case 'all': {
      let left: Mask | undefined;
      // The rarest first: often nothing is left before the common ones are looked at.
      for (const part of need.of.toSorted((a, b) => commonness(a, block) - commonness(b, block))) {
        const mask = rowsWithWords(part, block);
        if (mask === undefined) continue;
        left = left === undefined ? mask : intersect(left, mask);
        if (!left.includes(1)) break;
      }
      return left;
    }
    case 'some': {
      const found = new Uint8Array(block.rows);
      for (const part of need.of) {
        const mask = rowsWithWords(part, block);
        if (mask === undefined) return undefined;
        for (let row = 0; row < found.length; row++) found[row] = (found[row] as number) | (mask[row] as number);
      }
      return found;
    }
    default:
      return undefined;
  }
}

const commonness = (need: Need, block: Block): number =>
  need.kind === 'word' ? (block.words?.commonness(need.term) ?? 0) : Number.MAX_VALUE;
