import { assign, setup } from 'xstate';
import { seconds } from '../../core/base/time.ts';

const FIRST_RETRY = seconds(1);
const LONGEST_RETRY = seconds(60);

export type StoreEvent =
  | { readonly type: 'opened' }
  /** The disk could not be opened, only read or not even that. */
  | { readonly type: 'openedInMemory'; readonly readable: boolean }
  /** A write failed. */
  | { readonly type: 'diskLost' }
  | { readonly type: 'diskBack' }
  | { readonly type: 'diskStillLost' }
  | { readonly type: 'closed' };

/**
 * Where the records live. In memory the disk is tried again, at first every second and in the end every minute; a try
 * reopens the store and writes what has come together. A store that could not be read when it was opened is `detached`
 * until it is closed: what is written into it knows nothing of the records on disk and must not be mixed with them.
 */
export const storeMachine = setup({
  types: {
    context: {} as { readonly tries: number },
    events: {} as StoreEvent,
  },
  guards: { isReadable: (_, params: { readonly readable: boolean }) => params.readable },
  delays: {
    retry: ({ context }) => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** context.tries),
  },
  actions: {
    /** Ends in `diskBack` or `diskStillLost`, sent at the very moment from which writes go the other way. */
    returnToDisk: () => {},
    countTry: assign({ tries: ({ context }) => Math.min(context.tries + 1, 16) }),
    forgetTries: assign({ tries: 0 }),
  },
}).createMachine({
  id: 'store',
  context: { tries: 0 },
  initial: 'shut',
  on: { closed: '.shut' },
  states: {
    shut: {
      on: {
        opened: 'onDisk',
        openedInMemory: [
          {
            guard: { type: 'isReadable', params: ({ event }) => ({ readable: event.readable }) },
            target: 'inMemory',
          },
          { target: 'detached' },
        ],
      },
    },
    onDisk: {
      entry: 'forgetTries',
      on: { diskLost: 'inMemory' },
    },
    inMemory: {
      initial: 'waiting',
      states: {
        waiting: { after: { retry: 'returning' } },
        returning: {
          entry: 'returnToDisk',
          on: {
            diskBack: '#store.onDisk',
            diskStillLost: { target: 'waiting', actions: 'countTry' },
          },
        },
      },
    },
    detached: {},
  },
});
