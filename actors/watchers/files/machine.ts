import { assign, setup } from 'xstate';
import type { Millis } from '../../../core/base/time.ts';

/** What happens to a followed path, told by its effects, the watches and the poll. */
export type FileEvent =
  /** Something about the path changed, or may have. */
  | { readonly type: 'look' }
  /** The kernel told of a change to a file that could not be read: permissions, perhaps. */
  | { readonly type: 'touched' }
  | { readonly type: 'opened'; readonly role: 'current' | 'rotated'; readonly settled: boolean }
  | { readonly type: 'absent' }
  | { readonly type: 'failed' }
  | { readonly type: 'refused' }
  /** The path leads to another file now, or to none; the open one is the old one. */
  | { readonly type: 'moved' }
  /** The path leads to the open file again. */
  | { readonly type: 'returned' }
  /** The open file lost what was read of it. */
  | { readonly type: 'truncated' }
  /** The open file, so far without a first line, has one, or had one that was copied away. */
  | { readonly type: 'identified' }
  /** Read to the end; `progressed`: lines were found on the way. */
  | { readonly type: 'caughtUp'; readonly progressed: boolean }
  /** Nothing is left in the old file and its successor has content. */
  | { readonly type: 'ready' }
  /** The successor is not there yet, or empty: the old file may still be the one that is written to. */
  | { readonly type: 'notYet'; readonly pathless: boolean }
  /** The old file is deleted, or nobody has written to it for a day, and nothing has taken its place. */
  | { readonly type: 'gone' }
  | { readonly type: 'trouble' }
  /** The descriptor is needed by another file. */
  | { readonly type: 'evicted' };

/** What the machine has done for it; each answers with an event, later. */
export interface FileEffects {
  /** Finds and opens the file to read next: opened, absent, failed or refused. */
  open(): void;
  /** Wakes the reader: caughtUp, truncated, identified or trouble. */
  read(): void;
  /** Looks for the successor, then reads once more: ready, notYet, gone, returned or caughtUp. */
  examine(): void;
  /** Closes the open file, keeping the place in it. */
  release(): void;
  /** The same, and other paths may lead to the file from now on. */
  forget(): void;
  noteTruncated(): void;
  /** The old file is read: its successor comes next. */
  finish(): void;
}

/** The effects are input rather than provided: a machine provided for each of thousands of files would be copied for each. */
export interface FileInput {
  readonly effects: FileEffects;
  /** How long a rotated file must be quiet. */
  readonly grace: Millis;
}

export interface FileContext extends FileInput {
  /** Failures in a row; sets the delay before the next try. */
  readonly failures: number;
  /** The rotated file was quiet for the grace time when it was found, or is a copy. */
  readonly settled: boolean;
  /** The old file has been drained for so long that its writer is not waited for any more. */
  readonly overdue: boolean;
}

/**
 * The life of one followed path. Reading itself is plain code (`Reader`): it is started by `read` and reports here only
 * what changes the state; while a rotated file is drained, also the end of each run.
 *
 * `draining` reads the old file until its successor has content, the old one was quiet for `grace` (a writer keeps its
 * descriptor until it is told to reopen), and one more read after the successor was seen found nothing.
 */
export const fileMachine = setup({
  types: { context: {} as FileContext, events: {} as FileEvent, input: {} as FileInput },
  actions: {
    open: ({ context }) => context.effects.open(),
    read: ({ context }) => context.effects.read(),
    examine: ({ context }) => context.effects.examine(),
    release: ({ context }) => context.effects.release(),
    forget: ({ context }) => context.effects.forget(),
    noteTruncated: ({ context }) => context.effects.noteTruncated(),
    finish: ({ context }) => context.effects.finish(),
    rememberSettled: assign(({ event }) => ({ settled: event.type === 'opened' && event.settled })),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    clearFailures: assign({ failures: 0 }),
    startPatience: assign({ overdue: false }),
    losePatience: assign({ overdue: true }),
    expectWriter: assign({ settled: false }),
  },
  guards: {
    isRotated: ({ event }) => event.type === 'opened' && event.role === 'rotated',
    isSettled: ({ context }) => context.settled,
    isWritten: ({ context, event }) => event.type === 'caughtUp' && event.progressed && !context.overdue,
    isPathless: ({ event }) => event.type === 'notYet' && event.pathless,
  },
  delays: {
    grace: ({ context }) => context.grace,
    patience: 60_000,
    recheck: 30_000,
    retry: ({ context }) => Math.min(60_000, 500 * 2 ** Math.min(context.failures, 10)),
  },
}).createMachine({
  id: 'file',
  context: ({ input }) => ({ ...input, failures: 0, settled: false, overdue: false }),
  initial: 'opening',
  states: {
    opening: {
      entry: 'open',
      on: {
        opened: [{ guard: 'isRotated', target: 'draining', actions: 'rememberSettled' }, { target: 'following' }],
        absent: 'waiting',
        failed: 'unreadable',
        refused: 'refused',
      },
    },
    waiting: { entry: ['forget', 'clearFailures'], on: { look: 'opening' } },
    refused: { entry: ['forget', 'clearFailures'], on: { look: 'opening' } },
    unreadable: {
      entry: ['release', 'countFailure'],
      after: { retry: 'opening' },
      on: { touched: 'opening' },
    },
    following: {
      entry: 'read',
      on: {
        caughtUp: { actions: 'clearFailures' },
        moved: { target: 'draining', actions: 'expectWriter' },
        truncated: { target: 'opening', actions: 'noteTruncated' },
        identified: 'opening',
        trouble: 'unreadable',
        evicted: 'dozing',
      },
    },
    draining: {
      entry: 'startPatience',
      initial: 'emptying',
      on: {
        returned: 'following',
        truncated: { target: 'opening', actions: 'noteTruncated' },
        identified: 'opening',
        trouble: 'unreadable',
        evicted: 'laidAside',
      },
      states: {
        emptying: {
          entry: 'read',
          on: {
            caughtUp: [
              { guard: 'isSettled', target: 'emptied.examining', actions: 'clearFailures' },
              { target: 'emptied', actions: 'clearFailures' },
            ],
          },
        },
        emptied: {
          initial: 'settling',
          after: { patience: { actions: 'losePatience' } },
          on: { caughtUp: { guard: 'isWritten', target: '.settling', reenter: false } },
          states: {
            settling: {
              on: { caughtUp: { guard: 'isWritten', target: 'settling', reenter: true } },
              after: { grace: 'examining' },
            },
            examining: {
              entry: 'examine',
              on: {
                ready: { target: '#file.opening', actions: 'finish' },
                notYet: [{ guard: 'isPathless', target: 'orphaned' }, { target: 'resting' }],
                gone: { target: '#file.waiting', actions: 'finish' },
              },
            },
            resting: { on: { look: 'examining' }, after: { recheck: 'examining' } },
            orphaned: { on: { look: 'examining' }, after: { recheck: 'examining' } },
          },
        },
      },
    },
    /** Closed to make room; an event or the poll tells when there is more. */
    dozing: { entry: 'release', on: { look: 'opening' } },
    /** The same for a rotated file, of which the path tells nothing. */
    laidAside: { entry: 'release', on: { look: 'opening' }, after: { recheck: 'opening' } },
  },
});
