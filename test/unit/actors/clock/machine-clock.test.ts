import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, createMachine } from 'xstate';
import { machineClock } from '../../../../actors/clock/index.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

test('a delay of a machine runs on our clock and is cancelled with its state', () => {
  const machine = createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'over' }, on: { leave: 'left' } }, over: {}, left: {} },
  });
  for (const [event, length, state] of [
    [undefined, 999, 'waiting'],
    [undefined, 1000, 'over'],
    ['leave', 1000, 'left'],
  ] as const) {
    const clock = new SimulatedClock();
    const actor = createActor(machine, { clock: machineClock(clock) }).start();
    if (event !== undefined) actor.send({ type: event });
    clock.advance(length);
    assert.equal(actor.getSnapshot().value, state);
    assert.equal(clock.pending, state === 'waiting' ? 1 : 0);
  }
});
