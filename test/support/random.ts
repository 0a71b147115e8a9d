import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { mulberry32 } from './mulberry.ts';

/** The seed of this run's random tests: `BARTIZAN_TEST_SEED` repeats a run. Printed once, so that every log names it. */
export const SEED = Number(process.env['BARTIZAN_TEST_SEED'] ?? randomInt(2 ** 31 - 1));
console.log(`random tests: BARTIZAN_TEST_SEED=${SEED}`);
fc.configureGlobal({ seed: SEED, numRuns: 200 });

export { fc };

/** For random tests that are not fast-check's. @returns numbers in [0, 1) */
export const seeded = (seed: number = SEED): (() => number) => mulberry32(seed);
