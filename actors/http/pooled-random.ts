import type { Random } from '../../core/base/ports.ts';

const POOL_BYTES = 4096;

/**
 * The same randomness, asked for in large portions: for many small numbers of which none is a secret. Nothing is given
 * out twice.
 */
export function pooledRandom(random: Random): Random {
  let pool: Uint8Array = new Uint8Array();
  let used = 0;
  return {
    bytes(count) {
      if (used + count > pool.length) {
        pool = random.bytes(Math.max(POOL_BYTES, count));
        used = 0;
      }
      used += count;
      return pool.subarray(used - count, used);
    },
  };
}
