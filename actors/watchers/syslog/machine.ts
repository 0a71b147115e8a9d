import { assign, setup } from 'xstate';

/** Told by the effects. */
export type ListenerEvent =
  | { readonly type: 'opened' }
  /** Could not be opened, or was and is lost. */
  | { readonly type: 'failed' };

/** What the machine has done for it. */
export interface ListenerEffects {
  /** Answers with opened or failed, later. */
  open(): void;
  /** Lets go of what is open, if anything is. */
  release(): void;
}

/**
 * The life of one configured listener. An address that is not there yet, a port that another program has, a certificate
 * that cannot be read: all may mend themselves, so all are tried again after 1 s, 2 s, … 60 s.
 */
export const listenerMachine = setup({
  types: {
    context: {} as { readonly effects: ListenerEffects; readonly failures: number },
    events: {} as ListenerEvent,
    input: {} as ListenerEffects,
  },
  actions: {
    open: ({ context }) => context.effects.open(),
    release: ({ context }) => context.effects.release(),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    clearFailures: assign({ failures: 0 }),
  },
  delays: { retry: ({ context }) => Math.min(60_000, 500 * 2 ** Math.min(context.failures, 10)) },
}).createMachine({
  id: 'listener',
  context: ({ input }) => ({ effects: input, failures: 0 }),
  initial: 'opening',
  states: {
    opening: { entry: 'open', on: { opened: 'listening', failed: 'waiting' } },
    listening: { entry: 'clearFailures', on: { failed: 'waiting' } },
    waiting: { entry: ['release', 'countFailure'], after: { retry: 'opening' } },
  },
});
