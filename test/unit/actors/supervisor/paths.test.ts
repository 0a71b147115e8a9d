import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMachineSnapshot, createActor, fromCallback, fromPromise, type SnapshotFrom, transition } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { machineClock } from '../../../../actors/clock/index.ts';
import type { Unit } from '../../../../actors/supervisor/group.ts';
import { type GroupEvent, groupMachine } from '../../../../actors/supervisor/machine.ts';
import type { UnitStatus } from '../../../../actors/supervisor/plan.ts';
import type { Service } from '../../../../actors/supervisor/service.ts';
import { type StartInput, serviceMachine, type UnitReport } from '../../../../actors/supervisor/service-machine.ts';
import { type Strategy, supervise } from '../../../../actors/supervisor/supervise.ts';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import { ScriptedService } from '../../../support/scripted-service.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const placeOf = (snapshot: AnyMachineSnapshot): string => JSON.stringify(snapshot.value);
const deaf = fromCallback<UnitReport>(() => {});

/** Every event of a machine once, those that xstate makes itself included. */
const eventsOf = (types: readonly string[], more: object) =>
  types.map((type) => ({ type, ...more }) as { type: never });

test('service: every state is reached, and a running actor takes every path', () => {
  const endless = () => new Promise<void>(() => {});
  const machine = serviceMachine.provide({
    actors: { startService: fromPromise<void, StartInput>(endless), stopService: fromPromise<void, Service>(endless) },
  });
  const input = {
    service: new ScriptedService('a', []),
    startLimit: seconds(30),
    stopLimit: seconds(10),
    parent: createActor(deaf),
  };
  const paths = getShortestPaths(machine, {
    input,
    events: eventsOf(machine.events, { run: 1, cause: 'broken', error: new Error('broken') }),
    serializeState: (state) => `${placeOf(state)} ${state.context.crashed} ${state.context.run}`,
    stopWhen: ({ context }) => context.run > 2,
    limit: 10_000,
  });
  const reached = new Set(paths.map(({ state }) => placeOf(state)));
  for (const state of [
    '"idle"',
    '{"starting":"wanted"}',
    '{"starting":"cancelled"}',
    '"up"',
    '"crashed"',
    '"stopping"',
  ]) {
    assert.ok(reached.has(state), state);
  }
  for (const { steps, state } of paths) {
    const actor = createActor(machine, { input, clock: machineClock(new SimulatedClock()) }).start();
    for (const { event } of steps) if (event.type !== ('xstate.init' as never)) actor.send(event);
    assert.equal(placeOf(actor.getSnapshot()), placeOf(state));
    actor.stop();
  }
});

for (const strategy of ['one-for-one', 'rest-for-one'] as const satisfies readonly Strategy[])
  test(`group, ${strategy}: every state is reached, none breaks the order, and a stop leads out of each`, () => {
    const nested = supervise({ id: 'b', strategy, intensity: { crashes: 0, within: minutes(1) }, children: [] });
    const children = [new ScriptedService('a', []), nested];
    const input = {
      spec: supervise({ id: 'g', strategy, intensity: { crashes: 0, within: minutes(1) }, children }),
      now: () => millis(0),
      childActor: () => ({ logic: deaf, input: {} }),
    };
    const events: GroupEvent[] = children.flatMap(({ id }): GroupEvent[] => [
      { type: 'unit.up', id },
      { type: 'unit.crashed', id, cause: 'broken' },
      { type: 'unit.stopped', id },
      { type: 'unit.due', id },
    ]);
    const states = Object.values(
      getAdjacencyMap(groupMachine, {
        input,
        events: [...events, { type: 'start' }, { type: 'stop' }, { type: 'forgive', number: 1 }],
        serializeState: ({ value, context }) =>
          JSON.stringify([
            value,
            context.units.map(({ status, wasUp, crashed }) => [status, wasUp, crashed]),
            context.recent,
          ]),
        stopWhen: ({ context }) => context.counted > 1,
        limit: 200_000,
      }),
    ).map(({ state }) => state);
    const reached = new Set(states.map((state) => placeOf(state)));
    assert.deepEqual([...reached].sort(), [
      '"failed"',
      '"givingUp"',
      '"idle"',
      '"stopping"',
      '{"running":"starting"}',
      '{"running":"up"}',
    ]);
    for (const state of states) {
      const statuses = state.context.units.map(({ status }: Unit) => status);
      if (strategy === 'rest-for-one') {
        const first = statuses.findIndex((status: UnitStatus) => status !== 'up');
        assert.ok(first < 0 || !statuses.slice(first + 1).includes('starting'), statuses.join());
      }
      assert.equal(placeOf(stopped(state)), '"idle"');
    }
  });

type GroupState = SnapshotFrom<typeof groupMachine>;

/** The state in which a stop ends when every unit that is told to stop does. */
function stopped(state: GroupState): GroupState {
  let at: GroupState = transition(groupMachine, state, { type: 'stop' })[0];
  for (let stops = 0; ; stops++) {
    const stopping: Unit | undefined = at.context.units.findLast(({ status }: Unit) => status === 'stopping');
    if (stopping === undefined) return at;
    assert.ok(stops < 10, 'a stop does not end');
    at = transition(groupMachine, at, { type: 'unit.stopped', id: stopping.id })[0];
  }
}
