import type { Hex } from './hex.ts';

/** The order of a line that was acted upon last. Kept for ever: it is what nothing can be rolled back behind. */
export interface Taken {
  readonly generation: number;
  /** SHA-256 of its payload. */
  readonly order: Hex;
}

/** By line, see `lineOf`. Plain data, written to disk with what was done. */
export type Generations = ReadonlyMap<string, Taken>;

/** `same`: this very order; `rival`: another one of the same generation. */
export function ageOf(taken: Taken | undefined, order: Taken): 'newer' | 'same' | 'rival' | 'older' {
  if (taken === undefined || order.generation > taken.generation) return 'newer';
  if (order.generation < taken.generation) return 'older';
  return order.order === taken.order ? 'same' : 'rival';
}

/** The lines after an order was acted upon; those before when it is not newer. */
export function advanced(lines: Generations, line: string, order: Taken): Generations {
  return ageOf(lines.get(line), order) === 'newer' ? new Map(lines).set(line, order) : lines;
}

/** Whether an order of these bytes is the last one of its line. */
export const isTaken = (lines: Generations, order: Hex): boolean =>
  [...lines.values()].some((taken) => taken.order === order);

/** What an appliance says that it has seen comes by the broker, unsigned: nobody is to drive the numbers to their end. */
const MOST_HEARD = 2 ** 40;

/**
 * The generation of the next order of a line.
 * @param given the last one that was given out; 0: none
 * @param heard what somebody says is there; believed in bounds only
 */
export const nextGeneration = (given: number, heard: number): number =>
  Math.max(given, heard <= MOST_HEARD ? heard : 0) + 1;
