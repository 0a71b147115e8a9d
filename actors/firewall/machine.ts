import { assign, fromPromise, setup } from 'xstate';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';

const FIRST_RETRY: Millis = seconds(1);
const LONGEST_RETRY: Millis = seconds(60);
/** How often an enforcing firewall looks whether its rules are still there. */
const LOOK_EVERY: Millis = seconds(5);

export type FirewallEvent =
  | { readonly type: 'enable' }
  | { readonly type: 'disable' }
  /** The kernel is or may be other than expected. */
  | { readonly type: 'drifted' }
  /** While off: the table of an earlier run is there. */
  | { readonly type: 'found' };

export interface FirewallContext {
  /** Attempts that failed in a row. */
  readonly failures: number;
  readonly error: string | undefined;
  /** Something drifted during a sync, which may have looked before it did. */
  readonly again: boolean;
}

/**
 * Whether the kernel holds what it should. `off`: not touched. `residual`: not touched, but the table of an earlier run
 * still drops. `lingering`: the table is to go and could not be removed. `sync`, `remove` and `look` are provided by the
 * actor; `look` answers whether the rules are there.
 */
export const firewallMachine = setup({
  types: { context: {} as FirewallContext, events: {} as FirewallEvent },
  actors: {
    sync: fromPromise<void>(async () => {}),
    remove: fromPromise<void>(async () => {}),
    look: fromPromise<boolean>(async () => true),
  },
  delays: {
    retry: ({ context }) => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (context.failures - 1)),
    look: LOOK_EVERY,
  },
  guards: { isStale: ({ context }) => context.again },
  actions: {
    forget: assign({ failures: 0, error: undefined }),
    note: assign(({ context, event }) => ({
      failures: context.failures + 1,
      error: 'error' in event ? messageOf(event.error) : 'unknown',
    })),
    mark: assign({ again: true }),
    unmark: assign({ again: false }),
  },
}).createMachine({
  id: 'firewall',
  context: { failures: 0, error: undefined, again: false },
  initial: 'off',
  states: {
    off: { on: { enable: 'syncing', found: 'residual' } },
    residual: { on: { enable: 'syncing', disable: 'removing' } },
    syncing: {
      entry: 'unmark',
      invoke: {
        src: 'sync',
        onDone: [
          { guard: 'isStale', target: 'syncing', reenter: true },
          { target: 'enforcing', actions: 'forget' },
        ],
        onError: { target: 'degraded', actions: 'note' },
      },
      on: { disable: 'removing', drifted: { actions: 'mark' } },
    },
    enforcing: {
      initial: 'quiet',
      states: {
        quiet: { after: { look: 'looking' } },
        looking: {
          invoke: {
            src: 'look',
            onDone: [{ guard: ({ event }) => event.output, target: 'quiet' }, { target: '#firewall.syncing' }],
            onError: { target: '#firewall.syncing' },
          },
        },
      },
      on: { disable: 'removing', drifted: 'syncing' },
    },
    degraded: { after: { retry: 'syncing' }, on: { enable: 'syncing', disable: 'removing' } },
    removing: {
      invoke: {
        src: 'remove',
        onDone: { target: 'off', actions: 'forget' },
        onError: { target: 'lingering', actions: 'note' },
      },
      on: { enable: 'syncing' },
    },
    lingering: { after: { retry: 'removing' }, on: { enable: 'syncing', disable: 'removing' } },
  },
});
