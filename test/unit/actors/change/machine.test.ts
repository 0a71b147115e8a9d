import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  getNextTransitions,
  initialTransition,
  transition,
} from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { type ChangeEvent, type ChangeSnapshot, changeMachine, stateOf } from '../../../../actors/change/machine.ts';
import type { OnTrial } from '../../../../actors/change/on-trial.ts';
import { machineClock } from '../../../../actors/clock/index.ts';
import { type Millis, millis, minutes } from '../../../../core/base/time.ts';
import type { Change, ChangeId } from '../../../../core/change/change.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const DEADLINE = minutes(15);

const CHANGE: Change = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057' as ChangeId,
  subject: 'settings',
  summary: '',
  parts: [],
  word: { actor: 'ops', origin: 'web_ui', peer: 'local' },
  confirmedBy: 'probes',
  spans: 'nothing',
  state: 'applying',
  proposedAt: millis(0),
  trial: minutes(5),
  deadline: DEADLINE,
  bootId: 'this',
  before: '',
  after: '',
  evidence: [],
};

const trialOf = (over: Partial<Change>, probes: readonly string[]): OnTrial => ({
  change: { ...CHANGE, ...over },
  facts: { ...CHANGE, forced: false },
  snapshot: { files: [] },
  probes,
  streaks: {},
});

const PLACED = { wall: millis(1), boot: millis(1) };
const draft = { by: 'word', why: '' } as const;
const error = new Error('no');
const round = (result: 'passed' | 'failed') => [{ probe: 'disk', at: millis(0), result, detail: '', took: millis(0) }];

/** Every event there is, those that xstate makes itself included. */
function eventsOf(trial: OnTrial) {
  const placed = { trial: { ...trial, placed: PLACED }, takesEffect: 'now' };
  const ended = { change: trial.change, takesEffect: 'now' };
  const outputs = {
    apply: [placed, { trial, takesEffect: 'restart' }],
    resume: [placed],
    round: [round('passed'), round('failed')],
    confirm: [ended],
    revert: [ended, { ...ended, takesEffect: 'restart' }],
  };
  const done = Object.entries(outputs).flatMap(([id, all]) =>
    all.map((output) => ({ type: `xstate.done.actor.${id}`, actorId: id, output })),
  );
  const failed = Object.keys(outputs).map((id) => ({ type: `xstate.error.actor.${id}`, actorId: id, error }));
  const timers = changeMachine.events.filter((type) => (type as string).startsWith('xstate.after'));
  return [
    { type: 'begin', trial },
    { type: 'resume', trial },
    { type: 'recover', trial, draft },
    { type: 'confirm', draft },
    { type: 'revert', draft },
    ...done,
    ...failed,
    ...timers.map((type) => ({ type })),
  ] as unknown as ChangeEvent[];
}

const placeOf = ({ value }: ChangeSnapshot): string => JSON.stringify(value);

/** Enough of the context that every guard is asked both ways. */
const serializeState = (state: ChangeSnapshot): string =>
  `${placeOf(state)} ${JSON.stringify(state.context.trial?.streaks)} ${state.context.trial?.placed !== undefined} ${state.context.restarts}`;

const options = (uptime: Millis, trial: OnTrial) => ({
  input: { uptime: () => uptime },
  events: eventsOf(trial),
  serializeState: serializeState as never,
  stopWhen: (state: ChangeSnapshot) =>
    state.context.failures > 2 || Object.values(state.context.trial?.streaks ?? {}).some((n) => Math.abs(n) > 3),
  limit: 50_000,
});

const inTime = millis(DEADLINE - 1);
const byProbes = trialOf({}, ['disk']);
const byWord = trialOf({ confirmedBy: 'word' }, []);
const forced = trialOf({ forcedBecause: 'x' }, []);

const found = new Map([byProbes, byWord, forced].map((trial) => [trial, searched(trial)]));
const pathsOf = (trial: OnTrial): ReturnType<typeof searched> => found.get(trial) ?? [];

function searched(trial: OnTrial) {
  return getShortestPaths(changeMachine, options(inTime, trial));
}

test('every state is reached, and a running machine takes every path', () => {
  const reached = new Set<string>();
  for (const trial of [byProbes, byWord, forced]) {
    for (const { steps, state } of pathsOf(trial)) {
      reached.add(placeOf(state));
      const clock = machineClock(new SimulatedClock());
      const actor = createActor(changeMachine, { input: { uptime: () => inTime }, clock }).start();
      for (const { event } of steps) if ((event.type as string) !== 'xstate.init') actor.send(event);
      assert.equal(placeOf(actor.getSnapshot()), placeOf(state));
      actor.stop();
    }
  }
  const probes = ['probing', { awaiting: 'resting' }, { awaiting: 'rounding' }, 'restarting'];
  assert.deepEqual(
    [...reached].sort(),
    [
      ...['idle', 'applying', 'resuming', 'confirming', 'reverting', 'stuck'],
      ...probes.map((one) => ({ onTrial: { deadline: 'ahead', probes: one } })),
    ]
      .map((value) => JSON.stringify(value))
      .sort(),
  );
});

test('every transition that is declared is taken on some path', () => {
  const taken = new Set<unknown>();
  for (const trial of [byProbes, byWord, forced]) {
    for (const { steps, state } of pathsOf(trial)) {
      const heard = new Set(getNextTransitions(state).map(({ eventType }) => eventType));
      const events = eventsOf(trial).filter(({ type }) => heard.has(type));
      for (const event of events)
        for (const then of [inTime, DEADLINE]) take([...steps.map((step) => step.event), event], then, taken);
    }
  }
  const missed = declared(changeMachine.root).filter((one) => !taken.has(one));
  assert.deepEqual(
    missed.map(({ source, eventType, guard }) => `${source.id} ${eventType} ${JSON.stringify(guard)}`),
    [],
  );
});

/** A running machine takes these events, the last of them at that time; what transitions it makes is noted. */
function take(events: readonly { readonly type: string }[], then: Millis, taken: Set<unknown>): void {
  let now = inTime;
  const actor = createActor(changeMachine, {
    input: { uptime: () => now },
    clock: machineClock(new SimulatedClock()),
    inspect: (step) => {
      if (step.type === '@xstate.microstep') for (const one of step._transitions) taken.add(one);
    },
  }).start();
  for (const [i, event] of events.entries()) {
    if (i === events.length - 1) now = then;
    if (event.type !== 'xstate.init') actor.send(event as never);
  }
  actor.stop();
}

const declared = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
  ...Object.values(node.states).flatMap(declared),
];

test('no event leads out of work under way but its end', () => {
  for (const trial of [byProbes, byWord, forced]) {
    for (const { state } of pathsOf(trial)) {
      if (!['applying', 'resuming', 'confirming', 'reverting'].includes(state.value as string)) continue;
      for (const event of eventsOf(trial)) {
        const [next] = transition(changeMachine, state, event);
        if (placeOf(next) !== placeOf(state)) assert.match(event.type, /^xstate\.(?:done|error)\.actor/);
      }
    }
  }
});

test('timeouts are data: the deadline is looked at every second and at its very moment', () => {
  const delaysAt = (uptime: number, trial = byWord): Record<string, unknown> => {
    const input = { uptime: () => millis(uptime) };
    let [state] = initialTransition(changeMachine, input);
    [state] = transition(changeMachine, state, { type: 'begin', trial });
    const output = { trial: { ...trial, placed: PLACED }, takesEffect: 'now' };
    const [, effects] = transition(changeMachine, state, { type: 'xstate.done.actor.apply', output } as never);
    const raised = effects.filter(({ type }) => type === 'xstate.raise');
    return Object.fromEntries(
      raised.map(({ params }) => {
        const { id, delay } = params as { id: string; delay: number };
        return [id.split('.')[2], delay];
      }),
    );
  };
  assert.deepEqual(delaysAt(DEADLINE - minutes(5)), { recheck: 1000, pause: 10_000 });
  assert.deepEqual(delaysAt(DEADLINE - 1000), { recheck: 1000, pause: 10_000 });
  assert.deepEqual(delaysAt(DEADLINE - 999), { recheck: 999, pause: 10_000 });
  assert.deepEqual(delaysAt(DEADLINE - 1), { recheck: 1, pause: 10_000 });
  assert.deepEqual(delaysAt(DEADLINE), { hanging: 60_000 }, 'over: reverted at once');
});

for (const { before, result } of [
  { before: 1, result: 'confirming' },
  { before: 0, result: 'reverting' },
  { before: -1, result: 'reverting' },
])
  test(`a word ${before} ms before the deadline: ${result}, whatever timer has fired`, () => {
    const onTrial = statesInTime(byWord).find((state) => stateOf(state) === 'awaiting');
    assert.ok(onTrial !== undefined);
    const [next] = transition(changeMachine, at(onTrial, millis(DEADLINE - before)), { type: 'confirm', draft });
    assert.equal(next.value, result);
  });

test('a revert that fails is tried again after 1 s, 2 s … 60 s, for ever', () => {
  const input = { uptime: () => inTime };
  let [state] = initialTransition(changeMachine, input);
  [state] = transition(changeMachine, state, { type: 'recover', trial: byWord, draft });
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    const [stuck, effects] = transition(changeMachine, state, { type: 'xstate.error.actor.revert', error } as never);
    assert.equal(stuck.value, 'stuck');
    delays.push(
      ...effects.flatMap(({ type, params }) => (type === 'xstate.raise' ? [(params as { delay: number }).delay] : [])),
    );
    [state] = transition(changeMachine, stuck, { type: 'xstate.after.retry.change.stuck' } as never);
    assert.equal(state.value, 'reverting');
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

/** The same state at another time. */
const at = (state: ChangeSnapshot, uptime: Millis): ChangeSnapshot =>
  ({
    ...state,
    context: { ...state.context, uptime: () => uptime },
  }) as ChangeSnapshot;

const statesInTime = (trial: OnTrial): ChangeSnapshot[] => pathsOf(trial).map(({ state }) => state as ChangeSnapshot);
