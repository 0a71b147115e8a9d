import { randomInt } from 'node:crypto';
import fc from 'fast-check';

/** The seed of this run's random tests: `BARTIZAN_TEST_SEED` repeats a run. Printed once, so that every log names it. */
export const SEED = Number(process.env['BARTIZAN_TEST_SEED'] ?? randomInt(2 ** 31 - 1));
console.log(`random tests: BARTIZAN_TEST_SEED=${SEED}`);
fc.configureGlobal({ seed: SEED, numRuns: 200 });

export { fc };

/** mulberry32: a small seeded generator for tests that are not fast-check's. @returns numbers in [0, 1) */
export function seeded(seed: number = SEED): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
