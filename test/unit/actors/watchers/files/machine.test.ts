import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { type FileEffects, type FileEvent, fileMachine } from '../../../../../actors/watchers/files/machine.ts';
import { timersOf } from '../../../../../actors/watchers/files/timers.ts';
import { seconds } from '../../../../../core/base/time.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

const TOLD: readonly FileEvent[] = [
  { type: 'look' },
  { type: 'touched' },
  { type: 'opened', role: 'current', settled: false },
  { type: 'opened', role: 'rotated', settled: false },
  { type: 'opened', role: 'rotated', settled: true },
  { type: 'absent' },
  { type: 'failed' },
  { type: 'refused' },
  { type: 'moved' },
  { type: 'returned' },
  { type: 'truncated' },
  { type: 'caughtUp', progressed: true },
  { type: 'caughtUp', progressed: false },
  { type: 'ready' },
  { type: 'notYet', pathless: true },
  { type: 'notYet', pathless: false },
  { type: 'gone' },
  { type: 'trouble' },
  { type: 'evicted' },
];
const TIMED = fileMachine.events.filter((type) => String(type).startsWith('xstate.after')).map((type) => ({ type }));

const EFFECTS = ['open', 'read', 'examine', 'release', 'forget', 'noteTruncated', 'finish'] as const;
const idle = Object.fromEntries(EFFECTS.map((name) => [name, () => {}])) as unknown as FileEffects;

const paths = getShortestPaths(fileMachine, {
  input: { effects: idle, grace: seconds(2) },
  events: [...TOLD, ...TIMED] as never,
  serializeState: ({ value, context }) =>
    JSON.stringify([value, context.settled, context.overdue, Math.min(1, context.failures)]),
  stopWhen: ({ context }) => context.failures > 1,
});

/** The machine on a simulated clock, with its effects written down. */
function run() {
  const clock = new SimulatedClock();
  const effects: string[] = [];
  const write = (name: keyof FileEffects) => [name, () => void effects.push(name)];
  const input = { effects: Object.fromEntries(EFFECTS.map(write)) as unknown as FileEffects, grace: seconds(2) };
  const actor = createActor(fileMachine, { clock: timersOf(clock), input }).start();
  const send = (...events: FileEvent[]): void => events.forEach((event) => void actor.send(event));
  const state = (): string => leafOf(actor.getSnapshot().value);
  return { clock, effects, actor, send, state };
}

const leafOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? leafOf(Object.values(value)[0]) : String(value);

const CURRENT: FileEvent = { type: 'opened', role: 'current', settled: false };
const ROTATED: FileEvent = { type: 'opened', role: 'rotated', settled: false };
const IDLE: FileEvent = { type: 'caughtUp', progressed: false };
const WROTE: FileEvent = { type: 'caughtUp', progressed: true };

test('every state can be reached, and every event means something somewhere', () => {
  const reached = new Set(paths.map(({ state }) => leafOf(state.value)));
  assert.deepEqual(
    [...reached].sort(),
    ['dozing', 'emptying', 'examining', 'following', 'laidAside', 'opening', 'orphaned', 'refused'].concat([
      'resting',
      'settling',
      'unreadable',
      'waiting',
    ]),
  );
  const meant = new Set<string>(fileMachine.events);
  for (const { type } of TOLD) assert.ok(meant.has(type), type);
});

test('on every path a descriptor is held exactly while there is something to read', () => {
  const closed = new Set(['waiting', 'refused', 'unreadable', 'dozing', 'laidAside']);
  for (const { steps } of paths) {
    const { actor, effects, state } = run();
    for (const { event } of steps.slice(1)) {
      effects.length = 0;
      const before = state();
      actor.send(event as FileEvent);
      const isClosing = effects.includes('release') || effects.includes('forget');
      if (state() !== before) assert.equal(isClosing, closed.has(state()), `${event.type}: ${before} -> ${state()}`);
      if (state() === 'opening' && before !== 'opening')
        assert.deepEqual(
          effects.filter((e) => e === 'open'),
          ['open'],
        );
    }
    actor.stop();
  }
});

test('a rotated file is left when it was quiet for the grace time and its successor has content', () => {
  const { clock, send, state, effects } = run();
  send(CURRENT, { type: 'moved' }, WROTE);
  assert.equal(state(), 'settling');
  clock.advance(1999);
  send(WROTE);
  clock.advance(1999);
  assert.equal(state(), 'settling', 'the writer is still at it: the time begins anew');
  clock.advance(1);
  assert.equal(state(), 'examining');
  effects.length = 0;
  send({ type: 'ready' });
  assert.deepEqual([state(), ...effects], ['opening', 'finish', 'open']);
});

test('a rotated file that was quiet before it was found is not waited for', () => {
  const { send, state } = run();
  send({ type: 'opened', role: 'rotated', settled: true }, WROTE);
  assert.equal(state(), 'examining');
});

test('a writer who never lets go of the old file is not waited for longer than a minute', () => {
  const { clock, send, state } = run();
  send(ROTATED, WROTE);
  for (let second = 0; second < 60; second++) {
    clock.advance(1000);
    send(WROTE);
    assert.equal(state(), 'settling');
  }
  clock.advance(1000);
  send(WROTE);
  clock.advance(1000);
  assert.equal(state(), 'examining');
  send(WROTE);
  assert.equal(state(), 'examining', 'what it finds now does not count');
});

for (const pathless of [true, false]) {
  test(`without a successor (${pathless ? 'none' : 'empty'}) the old file is kept and looked after every 30 s`, () => {
    const { clock, send, state } = run();
    send(ROTATED, IDLE);
    clock.advance(2000);
    send({ type: 'notYet', pathless });
    assert.equal(state(), pathless ? 'orphaned' : 'resting');
    clock.advance(29_999);
    assert.notEqual(state(), 'examining');
    clock.advance(1);
    assert.equal(state(), 'examining');
    send({ type: 'notYet', pathless }, WROTE);
    assert.equal(state(), 'settling', 'somebody writes to it');
  });
}

test('failures are retried after 1 s, 2 s, 4 s … 60 s; reading to the end begins anew', () => {
  const { clock, send, state } = run();
  const waits: number[] = [];
  send({ type: 'failed' });
  for (let tries = 0; tries < 8; tries++) {
    let waited = 0;
    for (; state() === 'unreadable'; waited += 500) clock.advance(500);
    waits.push(waited);
    send({ type: 'failed' });
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  send({ type: 'touched' }, CURRENT, IDLE, { type: 'trouble' });
  clock.advance(1000);
  assert.equal(state(), 'opening');
});

test('a change of permissions is tried at once', () => {
  const { send, state, clock } = run();
  send({ type: 'failed' }, { type: 'look' });
  assert.equal(state(), 'unreadable');
  send({ type: 'touched' });
  assert.deepEqual([state(), clock.pending], ['opening', 0]);
});

test('a rotated file closed for want of descriptors is opened again after 30 s, a current one on an event only', () => {
  const { clock, send, state } = run();
  send(CURRENT, { type: 'evicted' });
  clock.advance(3_600_000);
  assert.equal(state(), 'dozing');
  send({ type: 'look' }, ROTATED, { type: 'evicted' });
  clock.advance(30_000);
  assert.equal(state(), 'opening');
});
