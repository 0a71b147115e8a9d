import { assign, fromPromise, setup } from 'xstate';
import { type Millis, millis } from '../../core/base/time.ts';
import { type Attempt, FIRST_ATTEMPT } from './backoff.ts';
import type { ConnectFailure } from './port.ts';

export type LinkEvent =
  /** Settings and identity allow a link; also: they are others now. */
  | { readonly type: 'go' }
  | { readonly type: 'halt' }
  /** The connection is gone. */
  | { readonly type: 'lost'; readonly why: string }
  /** Drop the connection and make another one, at once. */
  | { readonly type: 'renew' };

export interface LinkContext {
  readonly attempt: Attempt;
  /** Before the next round. */
  readonly pause: Millis;
  readonly error: string | undefined;
  readonly failure: ConnectFailure | undefined;
}

/** What came of an attempt. */
export type Tried = { readonly ok: true } | { readonly ok: false; readonly code: ConnectFailure; readonly why: string };

/**
 * The connection to a broker. `off`: there is to be none. `connecting`: one broker is tried; its failure leads to the next one
 * at once, after the last one to a pause. `up`: it stands. `closing`: the old one is let go before another is made. What
 * connects and closes, and what follows a failure, is provided.
 */
export const linkMachine = setup({
  types: { context: {} as LinkContext, events: {} as LinkEvent },
  actors: {
    connect: fromPromise<Tried, Attempt>(async () => ({ ok: true })),
    close: fromPromise<void>(async () => {}),
  },
  delays: { pause: ({ context }) => context.pause },
  guards: { isAnotherRound: ({ context }) => context.attempt.place === 0 && context.attempt.rounds > 0 },
  actions: {
    forget: assign({ attempt: FIRST_ATTEMPT, error: undefined, failure: undefined, pause: millis(0) }),
    noteFailure: assign({}),
    noteLoss: assign({}),
    noteUp: assign({ error: undefined, failure: undefined }),
    lost: () => {},
  },
}).createMachine({
  id: 'controller-link',
  context: { attempt: FIRST_ATTEMPT, pause: millis(0), error: undefined, failure: undefined },
  initial: 'off',
  states: {
    off: { entry: 'forget', on: { go: 'connecting' } },
    connecting: {
      invoke: {
        src: 'connect',
        input: ({ context }) => context.attempt,
        onDone: [
          { guard: ({ event }) => event.output.ok, target: 'up' },
          { target: 'failed', actions: 'noteFailure' },
        ],
        onError: { target: 'failed', actions: 'noteFailure' },
      },
      on: { halt: 'halting', go: 'closing', renew: 'closing' },
    },
    failed: { always: [{ guard: 'isAnotherRound', target: 'pausing' }, { target: 'connecting' }] },
    pausing: { after: { pause: 'connecting' }, on: { halt: 'off', go: 'anew', renew: 'connecting' } },
    anew: { entry: 'forget', always: 'connecting' },
    up: {
      entry: 'noteUp',
      exit: 'lost',
      on: {
        halt: 'halting',
        go: 'closing',
        renew: 'closing',
        lost: { target: 'pausing', actions: 'noteLoss' },
      },
    },
    closing: {
      invoke: { src: 'close', onDone: 'anew', onError: 'anew' },
      on: { halt: 'halting' },
    },
    halting: {
      invoke: { src: 'close', onDone: 'off', onError: 'off' },
      on: { go: 'closing' },
    },
  },
});
