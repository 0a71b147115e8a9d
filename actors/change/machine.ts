import { assign, fromPromise, type SnapshotFrom, setup } from 'xstate';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { Change, ChangeState, Evidence } from '../../core/change/change.ts';
import { follow, judge, pauseOf, withRound } from '../../core/change/probing.ts';
import type { Draft, Ended, EndInput, OnTrial, Placed } from './on-trial.ts';
import type { Applied } from './port.ts';

/** How often the boot-time clock is looked at while a deadline is ahead: timers stand still in suspend, it does not. */
const RECHECK: Millis = seconds(1);
/** A subject that takes longer for anything hangs, and only a new process gets out of that. */
const SUBJECT_LIMIT: Millis = seconds(60);
const FIRST_RETRY: Millis = seconds(1);
const LONGEST_RETRY: Millis = seconds(60);

export type ChangeEvent =
  | { readonly type: 'begin'; readonly trial: OnTrial }
  /** A start found it and goes on with it. */
  | { readonly type: 'resume'; readonly trial: OnTrial }
  /** Found, or begun by half: to be undone. */
  | { readonly type: 'recover'; readonly trial: OnTrial; readonly draft: Draft }
  | { readonly type: 'confirm'; readonly draft: Draft }
  | { readonly type: 'revert'; readonly draft: Draft };

export interface ChangeContext {
  /** Boot-time clock. */
  readonly uptime: () => Millis;
  readonly trial: OnTrial | undefined;
  readonly draft: Draft | undefined;
  /** The new state takes effect with a restart, which is asked for at the end of a change without a trial. */
  readonly restarts: boolean;
  /** Reverts that failed in a row. */
  readonly failures: number;
  /** Why the last attempt at something failed. */
  readonly error: string | undefined;
}

const endless = (): Promise<never> => new Promise(() => {});

const trialOf = ({ trial }: ChangeContext): OnTrial => {
  if (trial === undefined) throw new Error('nothing is on trial');
  return trial;
};

const endOf = (context: ChangeContext): EndInput => {
  if (context.draft === undefined) throw new Error('nothing was decided');
  return { trial: trialOf(context), draft: context.draft };
};

const left = (context: ChangeContext): number => trialOf(context).change.deadline - context.uptime();

const saying = (context: ChangeContext) => {
  const { change, probes, streaks } = trialOf(context);
  return judge(change.confirmedBy, probes, streaks);
};

const heard = ({ event }: { readonly event: { readonly output: readonly Evidence[] } }) => ({ round: event.output });

const forced = ({ word, forcedBecause = '' }: Change): Draft => ({ by: 'forced', why: forcedBecause, word });

const DEADLINE: Draft = { by: 'deadline', why: 'nobody confirmed it in time' };

/**
 * One change at a time, from its snapshot on disk to its end. The mailbox is the one queue in which a confirmation and
 * the deadline meet: a word that gets its turn before the deadline has won, whatever the confirming takes; one that gets
 * it after has lost, even when no timer has fired yet. What is applied, confirmed and reverted is never left half-way: no
 * event leads out of these states but the end of the work itself.
 *
 * The deadline is watched on the boot-time clock alone. A revert that fails is tried again for ever. A confirm that fails
 * puts the change on trial again. `apply`, `resume`, `round`, `confirm` and `revert` are provided by the actor, and so is
 * what happens at the end (`conclude`), where a restart is wanted (`askRestart`) and where a subject hangs (`giveUp`).
 */
export const changeMachine = setup({
  types: {
    context: {} as ChangeContext,
    events: {} as ChangeEvent,
    input: {} as { readonly uptime: () => Millis },
  },
  actors: {
    apply: fromPromise<Placed, OnTrial>(endless),
    resume: fromPromise<Placed, OnTrial>(endless),
    round: fromPromise<readonly Evidence[], OnTrial>(endless),
    confirm: fromPromise<Ended, EndInput>(endless),
    revert: fromPromise<Ended, EndInput>(endless),
  },
  guards: {
    isOver: ({ context }) => left(context) <= 0,
    isForced: ({ context }) => trialOf(context).change.forcedBecause !== undefined,
    isPlaced: ({ context }) => trialOf(context).placed !== undefined,
    hasNoProbes: ({ context }) => trialOf(context).probes.length === 0,
    probesConfirm: ({ context }) => saying(context).say === 'confirm',
    probesCondemn: ({ context }) => saying(context).say === 'revert',
    needsRestart: (_, { takesEffect }: Applied) => takesEffect === 'restart',
  },
  delays: {
    recheck: ({ context }) => Math.min(RECHECK, Math.max(0, left(context))),
    pause: ({ context }) => pauseOf(trialOf(context).change.trial),
    hanging: SUBJECT_LIMIT,
    retry: ({ context }) => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (context.failures - 1)),
  },
  actions: {
    take: assign((_, { trial }: { readonly trial: OnTrial }) => ({
      trial,
      draft: undefined,
      restarts: false,
      failures: 0,
      error: undefined,
    })),
    decide: assign((_, { draft }: { readonly draft: Draft }) => ({ draft })),
    blameDeadline: assign({ draft: DEADLINE }),
    blameApply: assign((_, { error }: { readonly error: unknown }) => ({
      draft: { by: 'apply_failed' as const, why: messageOf(error) },
      error: messageOf(error),
    })),
    blameCrash: assign((_, { error }: { readonly error: unknown }) => ({
      draft: { by: 'crash' as const, why: `could not be taken up again: ${messageOf(error)}` },
      error: messageOf(error),
    })),
    letForcePass: assign(({ context }) => ({ draft: forced(trialOf(context).change) })),
    letProbesConfirm: assign(({ context }) => ({ draft: { by: 'probes' as const, why: saying(context).why } })),
    letProbesCondemn: assign(({ context }) => ({ draft: { by: 'probes_failed' as const, why: saying(context).why } })),
    keepPlaced: assign((_, { trial, takesEffect }: Placed) => ({ trial, restarts: takesEffect === 'restart' })),
    keepEvidence: assign(({ context }, { round }: { readonly round: readonly Evidence[] }) => {
      const trial = trialOf(context);
      const change = { ...trial.change, evidence: withRound(trial.change.evidence, round) };
      return { trial: { ...trial, change, streaks: follow(trial.streaks, round) } };
    }),
    noteError: assign((_, { error }: { readonly error: unknown }) => ({ error: messageOf(error) })),
    noteFailure: assign(({ context }, { error }: { readonly error: unknown }) => ({
      failures: context.failures + 1,
      error: messageOf(error),
    })),
    forget: assign({ trial: undefined, draft: undefined }),
    conclude: (_, _params: Ended) => {},
    askRestart: () => {},
    giveUp: (_, _params: { readonly doing: string }) => {},
  },
}).createMachine({
  id: 'change',
  context: ({ input }) => ({
    uptime: input.uptime,
    trial: undefined,
    draft: undefined,
    restarts: false,
    failures: 0,
    error: undefined,
  }),
  initial: 'idle',
  states: {
    idle: {
      on: {
        begin: { target: 'applying', actions: { type: 'take', params: ({ event }) => event } },
        resume: { target: 'resuming', actions: { type: 'take', params: ({ event }) => event } },
        recover: {
          target: 'reverting',
          actions: [
            { type: 'take', params: ({ event }) => event },
            { type: 'decide', params: ({ event }) => event },
          ],
        },
      },
    },
    applying: {
      invoke: {
        src: 'apply',
        id: 'apply',
        input: ({ context }) => trialOf(context),
        onDone: { target: 'placing', actions: { type: 'keepPlaced', params: ({ event }) => event.output } },
        onError: { target: 'reverting', actions: { type: 'blameApply', params: ({ event }) => event } },
      },
      after: { hanging: { actions: { type: 'giveUp', params: { doing: 'apply' } } } },
    },
    /** In place, or to be with the next start. */
    placing: {
      always: [
        { guard: 'isForced', target: 'confirming', actions: 'letForcePass' },
        { guard: 'isOver', target: 'reverting', actions: 'blameDeadline' },
        { guard: 'isPlaced', target: 'onTrial' },
        { target: 'onTrial.probes.restarting', actions: 'askRestart' },
      ],
    },
    resuming: {
      invoke: {
        src: 'resume',
        id: 'resume',
        input: ({ context }) => trialOf(context),
        onDone: { target: 'placing', actions: { type: 'keepPlaced', params: ({ event }) => event.output } },
        onError: { target: 'reverting', actions: { type: 'blameCrash', params: ({ event }) => event } },
      },
      after: { hanging: { actions: { type: 'giveUp', params: { doing: 'resume' } } } },
    },
    onTrial: {
      type: 'parallel',
      on: {
        confirm: [
          { guard: 'isOver', target: 'reverting', actions: 'blameDeadline' },
          {
            guard: 'isPlaced',
            target: 'confirming',
            actions: { type: 'decide', params: ({ event }) => event },
          },
        ],
        revert: { target: 'reverting', actions: { type: 'decide', params: ({ event }) => event } },
      },
      states: {
        deadline: {
          initial: 'ahead',
          states: {
            ahead: {
              after: {
                recheck: [
                  { guard: 'isOver', target: '#change.reverting', actions: 'blameDeadline' },
                  { target: 'ahead', reenter: true },
                ],
              },
            },
          },
        },
        probes: {
          initial: 'probing',
          states: {
            /** The first round. */
            probing: {
              always: { guard: 'hasNoProbes', target: 'awaiting' },
              invoke: {
                src: 'round',
                id: 'round',
                input: ({ context }) => trialOf(context),
                onDone: { target: 'judging', actions: { type: 'keepEvidence', params: heard } },
                onError: { target: 'awaiting', actions: { type: 'noteError', params: ({ event }) => event } },
              },
            },
            judging: {
              always: [
                { guard: 'isOver', target: '#change.reverting', actions: 'blameDeadline' },
                { guard: 'probesConfirm', target: '#change.confirming', actions: 'letProbesConfirm' },
                { guard: 'probesCondemn', target: '#change.reverting', actions: 'letProbesCondemn' },
                { target: 'awaiting' },
              ],
            },
            awaiting: {
              initial: 'resting',
              states: {
                resting: { after: { pause: [{ guard: 'hasNoProbes' }, { target: 'rounding' }] } },
                rounding: {
                  invoke: {
                    src: 'round',
                    id: 'round',
                    input: ({ context }) => trialOf(context),
                    onDone: {
                      target: '#change.onTrial.probes.judging',
                      actions: { type: 'keepEvidence', params: heard },
                    },
                    onError: { target: 'resting', actions: { type: 'noteError', params: ({ event }) => event } },
                  },
                },
              },
            },
            /** Nothing can be said before the next start but that it is to be undone. */
            restarting: {},
          },
        },
      },
    },
    confirming: {
      invoke: {
        src: 'confirm',
        id: 'confirm',
        input: ({ context }) => endOf(context),
        onDone: [
          {
            guard: {
              type: 'needsRestart',
              params: ({ context }) => ({ takesEffect: context.restarts ? 'restart' : 'now' }),
            },
            target: 'idle',
            actions: [{ type: 'conclude', params: ({ event }) => event.output }, 'askRestart', 'forget'],
          },
          { target: 'idle', actions: [{ type: 'conclude', params: ({ event }) => event.output }, 'forget'] },
        ],
        onError: [
          { guard: 'isForced', target: 'reverting', actions: { type: 'blameApply', params: ({ event }) => event } },
          { guard: 'isOver', target: 'reverting', actions: 'blameDeadline' },
          { target: 'resuming', actions: { type: 'noteError', params: ({ event }) => event } },
        ],
      },
      after: { hanging: { actions: { type: 'giveUp', params: { doing: 'confirm' } } } },
    },
    reverting: {
      invoke: {
        src: 'revert',
        id: 'revert',
        input: ({ context }) => endOf(context),
        onDone: [
          {
            guard: { type: 'needsRestart', params: ({ event }) => event.output },
            target: 'idle',
            actions: [{ type: 'conclude', params: ({ event }) => event.output }, 'askRestart', 'forget'],
          },
          { target: 'idle', actions: [{ type: 'conclude', params: ({ event }) => event.output }, 'forget'] },
        ],
        onError: { target: 'stuck', actions: { type: 'noteFailure', params: ({ event }) => event } },
      },
      after: { hanging: { actions: { type: 'giveUp', params: { doing: 'revert' } } } },
    },
    stuck: {
      after: { retry: 'reverting' },
      on: { revert: 'reverting' },
    },
  },
});

export type ChangeSnapshot = SnapshotFrom<typeof changeMachine>;

/** Work is under way that is waited for. */
export const isBusy = (snapshot: ChangeSnapshot): boolean =>
  (['applying', 'resuming', 'confirming', 'reverting'] as const).some((state) => snapshot.matches(state));

/** The state as people and APIs name it; undefined when nothing is on trial. */
export function stateOf(snapshot: ChangeSnapshot): ChangeState | undefined {
  if (snapshot.matches('idle')) return undefined;
  for (const state of ['confirming', 'reverting', 'stuck'] as const) if (snapshot.matches(state)) return state;
  if (snapshot.matches({ onTrial: { probes: 'probing' } })) return 'probing';
  return snapshot.matches({ onTrial: { probes: 'awaiting' } }) ? 'awaiting' : 'applying';
}
