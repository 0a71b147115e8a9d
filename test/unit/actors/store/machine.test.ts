import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { machineClock } from '../../../../actors/clock/index.ts';
import { storeMachine } from '../../../../actors/store/machine.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

test('every state is reached, a running actor takes every path, and closing leads out of each', () => {
  const events = storeMachine.events.flatMap((type) => [
    { type, readable: true } as { type: 'openedInMemory'; readable: boolean },
    { type, readable: false } as { type: 'openedInMemory'; readable: boolean },
  ]);
  const paths = getShortestPaths(storeMachine, { events, stopWhen: ({ context }) => context.tries > 3 });
  const reached = new Set(paths.map(({ state }) => JSON.stringify(state.value)));
  assert.deepEqual([...reached].sort(), [
    '"detached"',
    '"onDisk"',
    '"shut"',
    '{"inMemory":"returning"}',
    '{"inMemory":"waiting"}',
  ]);
  for (const { steps, state } of paths) {
    const clock = new SimulatedClock();
    const actor = createActor(storeMachine, { clock: machineClock(clock) }).start();
    for (const { event } of steps) if ((event.type as string) !== 'xstate.init') actor.send(event);
    assert.deepEqual(actor.getSnapshot().value, state.value);
    actor.send({ type: 'closed' });
    assert.equal(actor.getSnapshot().value, 'shut');
    assert.equal(clock.pending, 0);
  }
});
