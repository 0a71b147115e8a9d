import { assign, fromPromise, setup } from 'xstate';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';

const FIRST_RETRY: Millis = seconds(1);
const LONGEST_RETRY: Millis = seconds(60);

export type FirewallEvent = { readonly type: 'enable' } | { readonly type: 'disable' } | { readonly type: 'drifted' };

export interface FirewallContext {
  /** Syncs that failed in a row. */
  readonly failures: number;
  readonly error: string | undefined;
}

/**
 * Whether the kernel holds what it should. `sync` makes it so and `remove` takes the table away; both are provided by the
 * actor. `drifted` says that an operation met a kernel other than expected.
 */
export const firewallMachine = setup({
  types: { context: {} as FirewallContext, events: {} as FirewallEvent },
  actors: { sync: fromPromise<void>(async () => {}), remove: fromPromise<void>(async () => {}) },
  delays: { retry: ({ context }) => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (context.failures - 1)) },
  actions: {
    forget: assign({ failures: 0, error: undefined }),
    note: assign(({ context, event }) => ({
      failures: context.failures + 1,
      error: 'error' in event ? messageOf(event.error) : 'unknown',
    })),
  },
}).createMachine({
  id: 'firewall',
  context: { failures: 0, error: undefined },
  initial: 'off',
  states: {
    off: { on: { enable: 'syncing' } },
    syncing: {
      invoke: {
        src: 'sync',
        onDone: { target: 'enforcing', actions: 'forget' },
        onError: { target: 'degraded', actions: 'note' },
      },
      on: { disable: 'removing', drifted: { target: 'syncing', reenter: true } },
    },
    enforcing: { on: { disable: 'removing', drifted: 'syncing' } },
    degraded: { after: { retry: 'syncing' }, on: { enable: 'syncing', disable: 'removing' } },
    removing: {
      invoke: {
        src: 'remove',
        onDone: { target: 'off', actions: 'forget' },
        onError: { target: 'off', actions: 'note' },
      },
      on: { enable: 'syncing' },
    },
  },
});
