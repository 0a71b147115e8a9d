import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOrders } from '../../image/story/orders.ts';
import { isGood, type Outcome, summary, table } from '../../image/story/outcome.ts';
import { type LifeStory, planned, type Scenario } from '../../image/story/scenario.ts';
import { sideBySide } from '../../image/story/side-by-side.ts';

const scenario = (name: string, carries = false): Scenario => ({
  name,
  shows: `shows ${name}`,
  limit: 1,
  carries,
  run: async () => undefined,
});
const STORIES: readonly LifeStory[] = [
  {
    name: 'first',
    scenarios: [scenario('ready', true), scenario('block'), scenario('update', true), scenario('late')],
  },
  { name: 'second', scenarios: [scenario('provisioned', true)] },
];
const names = (stories: readonly LifeStory[]): readonly string[] =>
  stories.flatMap((story) => story.scenarios.map(({ name }) => name));

test('without names everything is run', () => assert.equal(names(planned(STORIES, [])).length, 5));
test('a scenario takes along what carries it, and no life that it is not in', () =>
  assert.deepEqual(names(planned(STORIES, ['late'])), ['ready', 'update', 'late']));
test('what comes after the last one wanted is left out', () =>
  assert.deepEqual(names(planned(STORIES, ['block'])), ['ready', 'block']));
test('a name that nothing has is refused, with those there are', () =>
  assert.throws(() => planned(STORIES, ['blok']), /no such scenario: blok; there are ready, block/));

test('orders are read', () =>
  assert.deepEqual(readOrders(['--power-cuts', '10', 'power-cuts']), {
    ok: true,
    value: { wanted: ['power-cuts'], powerCuts: 10, atOnce: 2, isList: false },
  }));
for (const words of [['--power-cuts'], ['--power-cuts', '-1'], ['--power-cuts', 'x'], ['--at-once', '0'], ['--fast']])
  test(`${words.join(' ')} is refused`, () => assert.equal(readOrders(words).ok, false));

test('lives go side by side, but none beside one that measures; their outcomes keep the order', async () => {
  const stories: readonly LifeStory[] = [
    { name: 'first', quietUntil: 'bounds', scenarios: [scenario('bounds'), scenario('late')] },
    { name: 'second', scenarios: [scenario('other')] },
    { name: 'third', scenarios: [scenario('last')] },
  ];
  const happened: string[] = [];
  const second = Promise.withResolvers<void>();
  const outcomes = await sideBySide(stories, 2, async ({ name }, told) => {
    happened.push(`${name} begins`);
    if (name === 'first') {
      happened.push('measured');
      told('bounds');
      await second.promise;
    } else if (name === 'third') second.resolve();
    happened.push(`${name} ends`);
    return [{ life: name, name, verdict: 'passed', seconds: 1, facts: {} }];
  });
  assert.deepEqual(happened.slice(0, 3), ['first begins', 'measured', 'second begins']);
  assert.deepEqual(happened.slice(-3), ['third begins', 'third ends', 'first ends']);
  assert.deepEqual(
    outcomes.map(({ life }) => life),
    ['first', 'second', 'third'],
  );
});

const OUTCOMES: readonly Outcome[] = [
  { life: 'first', name: 'ready', verdict: 'passed', seconds: 61.4, facts: { ready_s: 55.2 } },
  { life: 'first', name: 'block', verdict: 'failed', seconds: 9, facts: {}, why: 'still connected\nsee logs' },
  { life: 'first', name: 'update', verdict: 'not reached', seconds: 0, facts: {}, why: 'after block' },
];

test('the table has a line each, the reason of a failure in one', () =>
  assert.deepEqual(table(OUTCOMES).split('\n'), [
    'passed       61 s  first  ready   ready_s 55.2',
    'failed        9 s  first  block   still connected',
    'not reached   0 s  first  update  after block',
  ]));

test('the summary is one line that a program reads', () => {
  const read = JSON.parse(summary('1.2.0', OUTCOMES, 70.2));
  assert.deepEqual([read.image, read.passed, read.failed, read.not_reached, read.seconds], ['1.2.0', 1, 1, 1, 70]);
  assert.deepEqual(read.scenarios.ready, { verdict: 'passed', seconds: 61, ready_s: 55.2 });
});

test('a run is good when everything has passed, and something was run', () => {
  assert.equal(isGood(OUTCOMES), false);
  assert.equal(isGood(OUTCOMES.slice(0, 1)), true);
  assert.equal(isGood([]), false);
});
