import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, minutes, seconds } from '../../../../core/base/time.ts';
import type { Change } from '../../../../core/change/change.ts';
import { FakeUnderTest } from '../../../support/change/fake-under-test.ts';
import { Life } from '../../../support/change/life.ts';
import { ChangeWorld, OPERATOR } from '../../../support/change/world.ts';
import { fc } from '../../../support/random.ts';
import { settled } from '../../../support/settled.ts';

const RUNS = { numRuns: 40 };
const TRIAL = seconds(30);

async function onTrial(): Promise<{ readonly edge: ChangeWorld; readonly change: Change }> {
  const edge = await new ChangeWorld().boot();
  await edge.start();
  const proposed = await edge.propose({ trial: TRIAL });
  assert.ok(proposed.ok);
  return { edge, change: proposed.value };
}

/** File, kernel and report say the same, and nothing is on trial. */
async function agree(edge: ChangeWorld, { id }: Change): Promise<string> {
  const change = await edge.service.get(id);
  assert.equal(edge.service.pending(), undefined);
  const result = change?.verdict?.result ?? 'reverted';
  assert.equal(await edge.holds(), result === 'confirmed' ? 'after' : 'before');
  return result;
}

test('a wall clock set by up to a day, however often, moves no deadline', async () => {
  const jumps = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 4000 }), by: fc.integer({ min: -days(1), max: days(1) }) }),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(jumps, async (all) => {
      const { edge, change } = await onTrial();
      let left: number = TRIAL;
      for (const { after, by } of all) {
        await edge.advance(after);
        left -= after;
        edge.setWall(by);
        await settled();
      }
      await edge.advance(left - 1);
      assert.equal(await edge.holds(), 'trial');
      assert.equal(edge.service.pending()?.left, 1);
      await edge.advance(1);
      assert.equal(await agree(edge, change), 'reverted');
    }),
    RUNS,
  );
});

test('time in suspend counts: asleep past the deadline, it is undone within a second of waking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: TRIAL - 1 }),
      fc.integer({ min: 0, max: 2 * TRIAL }),
      async (awake, asleep) => {
        const { edge, change } = await onTrial();
        await edge.advance(awake);
        edge.suspend(asleep);
        const left = TRIAL - awake - asleep;
        if (left > 1000) {
          await edge.advance(left - 1);
          assert.equal(await edge.holds(), 'trial');
          await edge.advance(1);
        } else await edge.advance(1000);
        assert.equal(await agree(edge, change), 'reverted');
      },
    ),
    RUNS,
  );
});

test('awake again past the deadline, a word that comes before any timer has lost', async () => {
  const { edge, change } = await onTrial();
  edge.suspend(TRIAL);
  const word = await edge.confirm(change.id);
  assert.equal(word.ok || word.code, 'none');
  assert.equal(await agree(edge, change), 'reverted');
});

test('a word up to 1 ms before the deadline wins, one at the deadline or after has lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -3, max: 3 }), async (offset) => {
      const { edge, change } = await onTrial();
      await edge.advance(TRIAL - 4);
      edge.clock.advance(4 + offset);
      const word = await edge.confirm(change.id);
      assert.equal(word.ok, offset < 0);
      if (!word.ok) assert.equal(word.code, 'none');
      await edge.advance(minutes(1));
      assert.equal(await agree(edge, change), offset < 0 ? 'confirmed' : 'reverted');
    }),
    { numRuns: 30 },
  );
});

test('a confirmation that had its turn holds, though its work ends after the deadline', async () => {
  const { edge, change } = await onTrial();
  await edge.advance(TRIAL - 1);
  const word = edge.confirm(change.id);
  edge.clock.advance(minutes(1));
  assert.ok((await word).ok);
  assert.equal(await agree(edge, change), 'confirmed');
});

test('of words that race, with each other and with the deadline, exactly one ends the change', async () => {
  const word = fc.record({
    says: fc.constantFrom('confirm', 'revert', 'time'),
    hops: fc.nat({ max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 2, maxLength: 6 }), async (words) => {
      const { edge, change } = await onTrial();
      await edge.advance(TRIAL - 1);
      const answers = await Promise.all(
        words.map(async ({ says, hops }) => {
          for (let i = 0; i < hops; i++) await Promise.resolve();
          if (says === 'time') edge.clock.advance(1);
          else if (says === 'confirm') return { says, answer: await edge.confirm(change.id) };
          else return { says, answer: await edge.service.revert({ id: change.id, word: OPERATOR }) };
          return undefined;
        }),
      );
      await edge.advance(1);
      const result = await agree(edge, change);
      const won = answers.filter((one) => one?.answer.ok);
      const by = (await edge.service.get(change.id))?.verdict?.by;
      assert.equal(won.length, by === 'word' ? 1 : 0);
      if (by === 'word') assert.equal(won[0]?.says, result === 'confirmed' ? 'confirm' : 'revert');
    }),
    RUNS,
  );
});

test('a boot, a kill or a power cut at any moment of anything ends in the confirmed or the previous state', async () => {
  const end = fc.constantFrom('kill', 'reboot', 'cutPower');
  const faults = fc.record({
    apply: fc.constantFrom([], ['half'], ['fails']),
    confirm: fc.constantFrom([], ['half']),
    revert: fc.constantFrom([], ['half'], ['fails', 'half']),
  });
  const lives = fc.array(fc.record({ steps: fc.nat({ max: 60 }), end }), { minLength: 1, maxLength: 4 });
  const way = fc.constantFrom('confirm', 'revert', 'wait');
  await fc.assert(
    fc.asyncProperty(lives, way, faults, fc.nat(), async (all, says, script, seed) => {
      const subject = new FakeUnderTest();
      const edge = await new ChangeWorld({ seed, subject }).boot();
      const ids: Change['id'][] = [];
      let told: string | undefined;
      for (const [i, { steps, end: how }] of all.entries()) {
        const life = new Life(steps);
        await edge.start(life);
        const work = async (): Promise<void> => {
          if (i === 0) {
            Object.assign(subject.script.faults, structuredClone(script));
            const proposed = await edge.propose({ trial: TRIAL });
            if (proposed.ok) ids.push(proposed.value.id);
          }
          const id = edge.service.pending()?.change.id;
          await edge.advance(1000);
          if (id === undefined || says === 'wait') return;
          const answer = says === 'confirm' ? edge.confirm(id) : edge.service.revert({ id, word: OPERATOR });
          if ((await answer).ok) told = says === 'confirm' ? 'confirmed' : 'reverted';
        };
        if (!life.isDead) await Promise.race([work(), life.died]);
        edge.kill();
        await settled();
        if (how !== 'kill') await edge[how]();
      }
      await edge.start();
      await edge.advance(TRIAL + minutes(2));
      const [last] = await edge.service.list(1);
      const result = last?.verdict?.result ?? 'reverted';
      assert.equal(edge.service.pending(), undefined);
      assert.equal(await edge.holds(), result === 'confirmed' ? 'after' : 'before');
      if (told !== undefined) assert.equal(result, told);
    }),
    RUNS,
  );
});
