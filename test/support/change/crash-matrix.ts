import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../core/base/time.ts';
import type { Change } from '../../../core/change/change.ts';
import { settled } from '../settled.ts';
import { FakeUnderTest } from './fake-under-test.ts';
import { type Cut, Life } from './life.ts';
import { ChangeWorld, OPERATOR, type UnderTest } from './world.ts';

/** What the world was told before the process died, and may hold it to. */
interface Told {
  confirmed?: true;
  reverted?: true;
}

interface Scenario {
  readonly name: string;
  readonly run: (edge: ChangeWorld, told: Told) => Promise<void>;
}

/** Each from a machine that is up to the end of a change. */
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'confirmed by a word',
    run: async (edge, told) => {
      const change = await proposed(edge);
      await edge.advance(1000);
      if ((await edge.confirm(change.id)).ok) told.confirmed = true;
      await settled();
    },
  },
  {
    name: 'reverted by a word',
    run: async (edge, told) => {
      const change = await proposed(edge);
      if ((await edge.service.revert({ id: change.id, word: OPERATOR })).ok) told.reverted = true;
      await settled();
    },
  },
  {
    name: 'reverted by the deadline',
    run: async (edge) => {
      await proposed(edge);
      await edge.advance(minutes(5));
    },
  },
  {
    name: 'forced',
    run: async (edge, told) => {
      if ((await edge.propose({ forcedBecause: 'for the test' })).ok) told.confirmed = true;
      await settled();
    },
  },
  {
    name: 'confirmed after a restart',
    run: async (edge, told) => {
      const change = await proposed(edge);
      await edge.advance(1000);
      await edge.stop();
      await edge.start(edge.life);
      await edge.advance(1000);
      if ((await edge.confirm(change.id)).ok) told.confirmed = true;
      await settled();
    },
  },
];

/** One way to die. */
export interface Point {
  readonly scenario: Scenario;
  /** The step that does not happen. */
  readonly at: number;
  readonly step: string;
  readonly how: 'kill' | 'power';
  readonly cut: Cut;
}

export const nameOf = ({ scenario, at, step, how, cut }: Point): string =>
  `${scenario.name}: ${how === 'kill' ? 'kill -9' : 'power cut'} ${cut === 'torn' ? 'in the midst of' : 'before'} ${at} (${step})`;

/**
 * Every boundary of every scenario, by kill and by power cut; where bytes are written, also in the midst of it.
 * @param subject makes a fresh one for each run
 */
export async function allPoints(subject: () => UnderTest = () => new FakeUnderTest()): Promise<readonly Point[]> {
  const points: Point[] = [];
  for (const scenario of SCENARIOS) {
    const edge = await new ChangeWorld({ subject: subject() }).boot();
    await edge.start();
    await scenario.run(edge, {});
    for (const [at, step] of [...edge.life.steps, 'the end'].entries()) {
      for (const how of ['kill', 'power'] as const) {
        points.push({ scenario, at, step, how, cut: 'before' });
        if (step.startsWith('write')) points.push({ scenario, at, step, how, cut: 'torn' });
      }
    }
  }
  return points;
}

/** As many of them, evenly spread, the first chosen by chance; more than there are come round again with another seed. */
export function sampled(points: readonly Point[], count: number, random: () => number): readonly Point[] {
  const first = Math.floor(random() * points.length);
  const stride = Math.max(1, points.length / count);
  return Array.from({ length: count }, (_, i) => points[Math.floor(first + i * stride) % points.length]).flatMap(
    (point) => point ?? [],
  );
}

/**
 * Dies there, is started again, and must come to the confirmed or the previous state, with file, kernel and report saying
 * the same, and to no other than it told anybody.
 * @param seed decides what of unsynced writes survives a power cut
 */
export async function die(point: Point, seed: number, subject: UnderTest = new FakeUnderTest()): Promise<void> {
  const edge = await new ChangeWorld({ seed, subject }).boot();
  const told: Told = {};
  const life = new Life(point.at, point.cut);
  await edge.start(life);
  await Promise.race([life.isDead ? undefined : point.scenario.run(edge, told), life.died]);
  edge.kill();
  await settled();
  if (point.how === 'power') await edge.cutPower();
  await edge.start();
  await atEnd(edge, told);
}

/** From wherever a start leaves it. */
async function atEnd(edge: ChangeWorld, told: Told): Promise<void> {
  const pending = edge.service.pending();
  if (pending !== undefined) {
    assert.equal(told.confirmed ?? told.reverted, undefined, 'an end that was told of stands');
    assert.equal(await edge.holds(), 'trial');
    await edge.advance(pending.left);
    assert.equal(edge.service.pending(), undefined);
  }
  await edge.advance(seconds(1));
  const [last] = await edge.service.list(10);
  const result = last?.verdict?.result;
  assert.equal(await edge.holds(), result === 'confirmed' ? 'after' : 'before');
  if (told.confirmed) assert.equal(result, 'confirmed', 'a confirmation that was told of stands');
  if (told.reverted) assert.equal(result, 'reverted', 'a revert that was told of stands');
  assert.deepEqual(edge.disk.names('/var/lib/edge/change'), ['done']);
  assert.deepEqual(edge.disk.names('/var/lib/edge/change/done'), []);
  const errors = edge.log.filter(({ level }) => level === 'error');
  assert.deepEqual(errors, []);
}

async function proposed(edge: ChangeWorld): Promise<Change> {
  const change = await edge.propose();
  assert.ok(change.ok);
  return change.value;
}
