import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { machineClock } from '../../../../../actors/clock/index.ts';
import { listenerMachine } from '../../../../../actors/watchers/syslog/machine.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

function bench() {
  const clock = new SimulatedClock();
  const calls: string[] = [];
  const effects = { open: () => void calls.push('open'), release: () => void calls.push('release') };
  const actor = createActor(listenerMachine, { clock: machineClock(clock), input: effects });
  actor.start();
  return { clock, calls, actor };
}

test('every state can be reached', () => {
  const effects = { open: () => {}, release: () => {} };
  const paths = getShortestPaths(listenerMachine, {
    input: effects,
    events: [{ type: 'opened' }, { type: 'failed' }],
    limit: 100,
    stopWhen: ({ context }) => context.failures > 1,
  });
  assert.deepEqual([...new Set(paths.map(({ state }) => state.value))].sort(), ['listening', 'opening', 'waiting']);
});

test('what could not be opened is tried again after 1 s, 2 s … 60 s; success begins anew', () => {
  const { clock, calls, actor } = bench();
  for (const wait of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    actor.send({ type: 'failed' });
    calls.length = 0;
    clock.advance(wait - 1);
    assert.deepEqual(calls, []);
    clock.advance(1);
    assert.deepEqual(calls, ['open']);
  }
  actor.send({ type: 'opened' });
  actor.send({ type: 'failed' });
  assert.equal(calls.at(-1), 'release');
  clock.advance(1000);
  assert.equal(calls.at(-1), 'open');
});
