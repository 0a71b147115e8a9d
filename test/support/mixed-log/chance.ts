import { mulberry32 } from '../mulberry.ts';

/** A log's chance, from its seed. */
export interface Chance {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number in [0, limit). */
  readonly below: (limit: number) => number;
  readonly oneOf: <T>(list: readonly T[]) => T;
}

export function chance(seed: number): Chance {
  const next = mulberry32(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    oneOf: <T>(list: readonly T[]): T => list[below(list.length)] as T,
  };
}
