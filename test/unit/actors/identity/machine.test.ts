import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, getNextSnapshot, type SnapshotFrom } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import { CLAIM_TRIES, type ClaimEvent, CODE_LIFETIME, claimMachine } from '../../../../actors/identity/machine.ts';
import type { Millis } from '../../../../core/base/time.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const DEADLINE = 'xstate.after.codeLifetime.claim.unclaimed';
const events = [
  { type: 'wrongCode' },
  { type: 'rightCode' },
  { type: 'stored' },
  { type: 'storeFailed' },
  { type: DEADLINE },
] as ClaimEvent[];

type Snapshot = SnapshotFrom<typeof claimMachine>;
const options = { events, input: { isClaimed: false } };
const named = (snapshot: Snapshot): string =>
  typeof snapshot.value === 'string' ? snapshot.value : `unclaimed.${Object.values(snapshot.value).join()}`;

test('every state can be reached', () => {
  const reached = new Set(getShortestPaths(claimMachine, options).map(({ state }) => named(state)));
  assert.deepEqual([...reached].sort(), [
    'claimed',
    'exhausted',
    'expired',
    'unclaimed.open',
    'unclaimed.storing',
    'unclaimed.storingLate',
  ]);
});

for (const path of getSimplePaths(claimMachine, options)) {
  const steps = path.steps.map(({ event }) => event.type.replace(DEADLINE, 'deadline')).slice(1);
  test(`claim: ${steps.join(' → ') || 'start'} ends ${named(path.state)}`, () => {
    const wrong = steps.filter((type) => type === 'wrongCode').length;
    assert.equal(path.state.context.wrongTries, wrong);
    assert.equal(path.state.matches('exhausted'), wrong === CLAIM_TRIES);
    if (path.state.matches('claimed')) assert.ok(steps.includes('rightCode') && steps.at(-1) === 'stored');
  });
}

test('nothing leads out of an end', () => {
  const ends = getShortestPaths(claimMachine, options).filter(({ state }) => !state.matches('unclaimed'));
  for (const { state } of ends) {
    for (const event of events) assert.equal(named(getNextSnapshot(claimMachine, state, event)), named(state));
  }
});

/** The machine in simulated time, as the claim runs it. */
function running(isClaimed = false) {
  const clock = new SimulatedClock();
  const timers = {
    setTimeout: (run: () => void, delay: number) => clock.after(delay as Millis, run),
    clearTimeout: (cancel: () => void) => cancel(),
  };
  let forgotten = 0;
  const machine = claimMachine.provide({ actions: { forgetCode: () => void forgotten++ } });
  const actor = createActor(machine, { input: { isClaimed }, clock: timers }).start();
  return { actor, clock, forgotten: () => forgotten };
}

test('a code expires exactly when its lifetime ends, a failed store in between or not', () => {
  const { actor, clock, forgotten } = running();
  clock.advance(CODE_LIFETIME - 2);
  actor.send({ type: 'rightCode' });
  actor.send({ type: 'storeFailed' });
  clock.advance(1);
  assert.ok(actor.getSnapshot().matches({ unclaimed: 'open' }));
  clock.advance(1);
  assert.ok(actor.getSnapshot().matches('expired'));
  assert.equal(forgotten(), 1);
});

test('a right code in time counts when the disk needs longer', () => {
  const { actor, clock } = running();
  clock.advance(CODE_LIFETIME - 1);
  actor.send({ type: 'rightCode' });
  clock.advance(60_000);
  actor.send({ type: 'stored' });
  assert.ok(actor.getSnapshot().matches('claimed'));
});

test('a right code in time is void when the disk fails after the deadline', () => {
  const { actor, clock } = running();
  actor.send({ type: 'rightCode' });
  clock.advance(CODE_LIFETIME);
  actor.send({ type: 'storeFailed' });
  assert.ok(actor.getSnapshot().matches('expired'));
});

test('the end of a claim leaves no timer behind', () => {
  const { actor, clock } = running();
  actor.send({ type: 'rightCode' });
  actor.send({ type: 'stored' });
  assert.equal(clock.pending, 0);
  assert.equal(running(true).clock.pending, 0);
  assert.ok(running(true).actor.getSnapshot().matches('claimed'));
});
