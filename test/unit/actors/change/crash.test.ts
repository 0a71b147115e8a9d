import { test } from 'node:test';
import { allPoints, die, nameOf, sampled } from '../../../support/change/crash-matrix.ts';
import { SEED, seeded } from '../../../support/random.ts';

/** The whole matrix is run by the system test of the same name. */
const POINTS = 30;

test(`${POINTS} points of the crash matrix: always the confirmed or the previous state`, async () => {
  const points = await allPoints();
  for (const [i, point] of sampled(points, POINTS, seeded()).entries()) {
    try {
      await die(point, SEED + i);
    } catch (thrown) {
      throw new Error(`${nameOf(point)}, seed ${SEED + i}`, { cause: thrown });
    }
  }
});
