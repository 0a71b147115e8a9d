import { assign, setup } from 'xstate';
import { type Millis, millis, seconds } from '../../../core/base/time.ts';
import type { JournalNews } from '../../../native/journal/port.ts';

/** What happens to the followed journal, told by the effects. */
export type JournalEvent =
  /** There are files to read. */
  | { readonly type: 'opened' }
  /** There is no journal, or it has no file yet. */
  | { readonly type: 'absent' }
  /** It is there and cannot be read. */
  | { readonly type: 'refused' }
  /** This host has nothing to read it with. */
  | { readonly type: 'unavailable' }
  /** The reader stands where it left off. */
  | { readonly type: 'placed' }
  /** Everything there is was handed on; `progressed`: that was something. */
  | { readonly type: 'caughtUp'; readonly progressed: boolean }
  | { readonly type: 'news'; readonly news: JournalNews }
  /** Reading or handing on failed; what was not taken is read again. */
  | { readonly type: 'trouble' };

/** What the machine has done for it; all but `release` answer with an event, later. */
export interface JournalEffects {
  /** opened, absent, refused or unavailable. */
  open(): void;
  /** Goes behind the last entry that was taken: placed or trouble. */
  place(): void;
  /** Hands on everything up to the end: caughtUp or trouble. */
  read(): void;
  /** news or trouble. */
  listen(atMost: Millis): void;
  /** Closes it; what is under way answers no more. */
  release(): void;
}

export interface JournalContext {
  readonly effects: JournalEffects;
  /** In a row; sets the delay before the next try. */
  readonly failures: number;
  /** Looks without an entry since the last one. */
  readonly looks: number;
}

/**
 * journald tells of what it wrote up to half a second late, so that a busy journal wakes its readers less. An entry can be
 * read at once, and who fails to log in once does it again: for a second after each entry the reader looks by itself.
 */
const LOOK_AGAIN = millis(20);
const LOOKS = 50;

/** Without any news the end is looked at all the same, this seldom: some file systems tell nothing. */
const AT_MOST = seconds(60);

/** The life of one followed journal. Files that come or go are a reason to open it anew, in the place where it was. */
export const journalMachine = setup({
  types: { context: {} as JournalContext, events: {} as JournalEvent, input: {} as JournalEffects },
  actions: {
    open: ({ context }) => context.effects.open(),
    place: ({ context }) => context.effects.place(),
    read: ({ context }) => context.effects.read(),
    listen: ({ context }, { atMost }: { readonly atMost: Millis }) => context.effects.listen(atMost),
    release: ({ context }) => context.effects.release(),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    clearFailures: assign({ failures: 0 }),
    countLook: assign({ looks: ({ context }) => context.looks + 1 }),
    clearLooks: assign({ looks: 0 }),
  },
  guards: {
    hasProgressed: ({ event }) => event.type === 'caughtUp' && event.progressed,
    isLively: ({ context }) => context.looks < LOOKS,
    isInvalidated: ({ event }) => event.type === 'news' && event.news === 'invalidated',
  },
  delays: {
    /** Rotation and vacuum touch several files: one opening serves for all. */
    settle: 100,
    comeAgain: 5000,
    retry: ({ context }) => Math.min(60_000, 500 * 2 ** Math.min(context.failures, 10)),
  },
}).createMachine({
  id: 'journal',
  context: ({ input }) => ({ effects: input, failures: 0, looks: LOOKS }),
  initial: 'opening',
  states: {
    opening: {
      entry: 'open',
      on: { opened: 'placing', absent: 'absent', refused: 'unreadable', unavailable: 'unavailable' },
    },
    placing: { entry: 'place', on: { placed: 'reading', trouble: 'unreadable' } },
    reading: {
      entry: 'read',
      on: {
        caughtUp: [
          { guard: 'hasProgressed', target: 'lively', actions: ['clearFailures', 'clearLooks'] },
          { guard: 'isLively', target: 'lively', actions: ['clearFailures', 'countLook'] },
          { target: 'resting', actions: 'clearFailures' },
        ],
        trouble: 'unreadable',
      },
    },
    /** An entry came a moment ago. */
    lively: {
      entry: { type: 'listen', params: { atMost: LOOK_AGAIN } },
      on: { news: [{ guard: 'isInvalidated', target: 'settling' }, { target: 'reading' }], trouble: 'unreadable' },
    },
    resting: {
      entry: { type: 'listen', params: { atMost: AT_MOST } },
      on: { news: [{ guard: 'isInvalidated', target: 'settling' }, { target: 'reading' }], trouble: 'unreadable' },
    },
    settling: { entry: 'release', after: { settle: 'opening' } },
    absent: { entry: ['release', 'clearFailures'], after: { comeAgain: 'opening' } },
    unreadable: { entry: ['release', 'countFailure'], after: { retry: 'opening' } },
    /** For good: libsystemd is looked for once in a process. */
    unavailable: { entry: 'release' },
  },
});
