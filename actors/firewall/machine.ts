import { assign, fromPromise, setup } from 'xstate';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';

const FIRST_RETRY: Millis = seconds(1);
const LONGEST_RETRY: Millis = seconds(60);
/** How often an enforcing firewall looks whether the kernel still holds what it should, beside what it is notified of. */
const LOOK_EVERY: Millis = seconds(5);

export type FirewallEvent =
  | { readonly type: 'enable' }
  | { readonly type: 'disable' }
  /** The kernel is or may be other than expected; what of it is in the damage book. */
  | { readonly type: 'damaged' }
  /** The same after whoever speaks to the kernel was lost and is there again: what failed may work now. */
  | { readonly type: 'reached' }
  /** While off: the table of an earlier run is there. */
  | { readonly type: 'found' };

export interface FirewallContext {
  /** Attempts that failed in a row. */
  readonly failures: number;
  readonly error: string | undefined;
  /** Something was damaged during a sync or repair, which may have looked before it was. */
  readonly again: boolean;
}

/**
 * Whether the kernel holds what it should. `off`: not touched. `residual`: not touched, but the table of an earlier run
 * still drops. `contested`: somebody damages it as often as it is repaired, so the next repair waits. `lingering`: the table
 * is to go and could not be removed. `sync`, `repair`, `remove` and `look`, how long to wait and whether to, are provided by
 * the actor; `look` answers whether all is well.
 */
export const firewallMachine = setup({
  types: { context: {} as FirewallContext, events: {} as FirewallEvent },
  actors: {
    sync: fromPromise<void>(async () => {}),
    repair: fromPromise<void>(async () => {}),
    remove: fromPromise<void>(async () => {}),
    look: fromPromise<boolean>(async () => true),
  },
  delays: {
    retry: ({ context }) => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (context.failures - 1)),
    look: LOOK_EVERY,
    pause: FIRST_RETRY,
  },
  guards: {
    isStale: ({ context }) => context.again,
    isContested: () => false,
    isStaleAndContested: () => false,
  },
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
          { guard: 'isStaleAndContested', target: 'contested' },
          { guard: 'isStale', target: 'syncing', reenter: true },
          { target: 'enforcing', actions: 'forget' },
        ],
        onError: { target: 'degraded', actions: 'note' },
      },
      on: { disable: 'removing', damaged: { actions: 'mark' }, reached: { actions: 'mark' } },
    },
    enforcing: {
      initial: 'quiet',
      states: {
        quiet: { after: { look: 'looking' } },
        looking: {
          invoke: {
            src: 'look',
            onDone: [
              { guard: ({ event }) => event.output, target: 'quiet' },
              { guard: 'isContested', target: '#firewall.contested' },
              { target: 'repairing' },
            ],
            onError: [{ guard: 'isContested', target: '#firewall.contested' }, { target: '#firewall.syncing' }],
          },
        },
        repairing: {
          entry: 'unmark',
          invoke: {
            src: 'repair',
            onDone: [
              { guard: 'isStaleAndContested', target: '#firewall.contested' },
              { guard: 'isStale', target: 'repairing', reenter: true },
              { target: 'quiet', actions: 'forget' },
            ],
            onError: { target: '#firewall.degraded', actions: 'note' },
          },
          on: { damaged: { actions: 'mark' }, reached: { actions: 'mark' } },
        },
      },
      on: {
        disable: 'removing',
        damaged: [{ guard: 'isContested', target: 'contested' }, { target: '.repairing' }],
        reached: [{ guard: 'isContested', target: 'contested' }, { target: '.repairing' }],
      },
    },
    contested: { after: { pause: 'syncing' }, on: { enable: 'syncing', disable: 'removing' } },
    degraded: {
      after: { retry: 'syncing' },
      on: {
        enable: 'syncing',
        disable: 'removing',
        reached: [{ guard: 'isContested', target: 'contested' }, { target: 'syncing' }],
      },
    },
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
