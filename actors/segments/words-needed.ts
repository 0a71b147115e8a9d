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
      for (const part of need.of) {
        const mask = rowsWithWords(part, block);
        if (mask !== undefined) left = left === undefined ? mask : intersect(left, mask);
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
