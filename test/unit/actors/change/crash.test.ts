import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../../../core/base/time.ts';
import { allPoints, die, nameOf, sampled } from '../../../support/change/crash-matrix.ts';
import { Life } from '../../../support/change/life.ts';
import { ChangeWorld } from '../../../support/change/world.ts';
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

test('what a revert that was killed has put back outlives a power cut, once another process has ended it', async () => {
  for (let at = 0, isDead = true; isDead; at++) {
    const edge = await new ChangeWorld({ seed: at }).boot();
    await edge.start();
    await edge.propose();
    edge.kill();
    const life = new Life(at);
    await edge.start(life);
    await edge.advance(minutes(5));
    ({ isDead } = life);
    edge.kill();
    await edge.start();
    await edge.advance(minutes(5));
    await edge.cutPower();
    await edge.start();
    assert.equal(await edge.holds(), 'before', `killed before step ${at}`);
  }
});
