import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import {
  type JournalEffects,
  type JournalEvent,
  journalMachine,
} from '../../../../../actors/watchers/journal/machine.ts';
import { millis } from '../../../../../core/base/time.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

const TOLD: readonly JournalEvent[] = [
  { type: 'opened' },
  { type: 'absent' },
  { type: 'refused' },
  { type: 'unavailable' },
  { type: 'placed' },
  { type: 'caughtUp', progressed: true },
  { type: 'caughtUp', progressed: false },
  { type: 'news', news: 'appended' },
  { type: 'news', news: 'quiet' },
  { type: 'news', news: 'invalidated' },
  { type: 'trouble' },
];
const TIMED = journalMachine.events.filter((type) => String(type).startsWith('xstate.after')).map((type) => ({ type }));
const IDLE: JournalEffects = { open() {}, place() {}, read() {}, listen() {}, release() {} };

const paths = getShortestPaths(journalMachine, {
  input: IDLE,
  events: [...TOLD, ...TIMED] as never,
  serializeState: ({ value, context }) => JSON.stringify([value, Math.min(1, context.failures), context.looks < 2]),
  stopWhen: ({ context }) => context.failures > 1,
});

/** The machine on a simulated clock, with its effects written down. */
function run() {
  const clock = new SimulatedClock();
  const effects: string[] = [];
  const input: JournalEffects = {
    open: () => void effects.push('open'),
    place: () => void effects.push('place'),
    read: () => void effects.push('read'),
    listen: (atMost) => void effects.push(`listen ${atMost}`),
    release: () => void effects.push('release'),
  };
  const timers = {
    setTimeout: (later: () => void, delay: number) => clock.after(millis(delay), later),
    clearTimeout: (cancel: (() => void) | undefined) => cancel?.(),
  };
  const actor = createActor(journalMachine, { clock: timers, input }).start();
  const send = (...events: readonly JournalEvent[]): void => {
    for (const event of events) actor.send(event);
  };
  /** What was done since the last call. */
  const did = (): string[] => effects.splice(0);
  return { clock, actor, send, did, state: () => String(actor.getSnapshot().value) };
}

const END: JournalEvent = { type: 'caughtUp', progressed: false };
const SOME: JournalEvent = { type: 'caughtUp', progressed: true };
const QUIET: JournalEvent = { type: 'news', news: 'quiet' };

test('every state can be reached, and every event means something somewhere', () => {
  const reached = new Set(paths.map(({ state }) => String(state.value)));
  assert.deepEqual([...reached].sort(), [
    'absent',
    'lively',
    'opening',
    'placing',
    'reading',
    'resting',
    'settling',
    'unavailable',
    'unreadable',
  ]);
  const meant = new Set<string>(journalMachine.events);
  for (const { type } of TOLD) assert.ok(meant.has(type), type);
});

test('on every path exactly one effect is under way or a timer runs, and the journal is open exactly while it is used', () => {
  const open = new Set(['placing', 'reading', 'lively', 'resting']);
  for (const { steps } of paths) {
    const { actor, did, state, clock } = run();
    for (const { event } of steps.slice(1)) {
      did();
      const before = state();
      actor.send(event as JournalEvent);
      if (state() === before) continue;
      const effects = did();
      assert.equal(effects.length, 1, `${event.type}: ${before} -> ${state()} did ${effects.join()}`);
      assert.equal(effects[0] === 'release', !open.has(state()) && state() !== 'opening', `${before} -> ${state()}`);
      const isWaiting = ['settling', 'absent', 'unreadable'].includes(state());
      assert.equal(clock.pending, isWaiting ? 1 : 0, state());
    }
    actor.stop();
  }
});

test('after an entry the end is looked at every 20 ms for a second, then the reader sleeps until it is woken', () => {
  const { send, did } = run();
  send({ type: 'opened' }, { type: 'placed' }, END);
  assert.deepEqual(did(), ['open', 'place', 'read', 'listen 60000']);
  send({ type: 'news', news: 'appended' }, SOME);
  assert.deepEqual(did(), ['read', 'listen 20']);
  for (let look = 1; look <= 50; look++) send(QUIET, END);
  assert.deepEqual(did().slice(-2), ['read', 'listen 20']);
  send(QUIET, END);
  assert.deepEqual(did(), ['read', 'listen 60000']);
});

test('files that come or go are one opening, however many they are', () => {
  const { send, did, clock, state } = run();
  send({ type: 'opened' }, { type: 'placed' }, END);
  did();
  send({ type: 'news', news: 'invalidated' }, { type: 'news', news: 'invalidated' });
  assert.deepEqual([state(), ...did()], ['settling', 'release']);
  clock.advance(100);
  assert.deepEqual([state(), ...did()], ['opening', 'open']);
});

test('failures are retried after 1 s, 2 s, 4 s … 60 s; reading to the end begins anew', () => {
  const { clock, send, state } = run();
  const waits: number[] = [];
  for (let tries = 0; tries < 8; tries++) {
    send({ type: 'refused' });
    let waited = 0;
    for (; state() === 'unreadable'; waited += 500) clock.advance(500);
    waits.push(waited);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  send({ type: 'opened' }, { type: 'placed' }, END, { type: 'trouble' });
  clock.advance(1000);
  assert.equal(state(), 'opening');
});

test('a journal that is not there is looked for every 5 s, one that cannot ever be read no more', () => {
  const { clock, send, state } = run();
  send({ type: 'absent' });
  clock.advance(4999);
  assert.equal(state(), 'absent');
  clock.advance(1);
  send({ type: 'unavailable' });
  clock.advance(1e9);
  assert.deepEqual([state(), clock.pending], ['unavailable', 0]);
});
