import { type ActorRef, assign, fromPromise, type Snapshot, sendTo, setup, stateIn } from 'xstate';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { Service } from './service.ts';

/** What a unit, a service or a group, tells its supervisor. */
export type UnitReport =
  | { readonly type: 'unit.up'; readonly id: string }
  | { readonly type: 'unit.crashed'; readonly id: string; readonly cause: string }
  /** `trouble`: the stop failed, or was abandoned. */
  | { readonly type: 'unit.stopped'; readonly id: string; readonly trouble?: string | undefined };

export type UnitCommand = { readonly type: 'start' } | { readonly type: 'stop' };

/** Whom a unit reports to. */
export type ReportTo = ActorRef<Snapshot<unknown>, UnitReport>;

export interface ServiceInput {
  readonly service: Service;
  readonly startLimit: Millis;
  readonly stopLimit: Millis;
  readonly parent: ReportTo;
}

type ServiceEvent =
  | UnitCommand
  /** The service called `crash`, in its run of that number. */
  | { readonly type: 'crash'; readonly run: number; readonly cause: unknown };

interface ServiceContext extends ServiceInput {
  /** Counts the starts, so that a report from an earlier run is known for what it is. */
  readonly run: number;
  readonly cause: string;
  readonly crashed: boolean;
  readonly trouble: string | undefined;
}

/** What a service is started with. */
export interface StartInput {
  readonly service: Service;
  readonly crash: (cause: unknown) => void;
}

/**
 * One service. It is never stopped while it starts, unless its start or the patience with it has run out; a crash is
 * reported once a run, and what comes after it until the service is stopped changes nothing.
 */
export const serviceMachine = setup({
  types: { context: {} as ServiceContext, input: {} as ServiceInput, events: {} as ServiceEvent },
  actors: {
    startService: fromPromise<void, StartInput>(async ({ input }) => input.service.start(input.crash)),
    stopService: fromPromise<void, Service>(async ({ input }) => input.stop()),
  },
  delays: {
    startLimit: ({ context }) => context.startLimit,
    stopLimit: ({ context }) => context.stopLimit,
  },
  guards: {
    isOfThisRun: ({ context }, params: { readonly run: number }) => params.run === context.run,
    hasCrashed: ({ context }) => context.crashed,
    isCancelled: stateIn({ starting: 'cancelled' }),
  },
  actions: {
    beginRun: assign({
      run: ({ context }) => context.run + 1,
      cause: '',
      crashed: false,
      trouble: undefined,
    }),
    noteCrash: assign((_, params: { readonly cause: unknown }) => ({ cause: messageOf(params.cause), crashed: true })),
    noteTrouble: assign((_, params: { readonly trouble: string }) => params),
    reportUp: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'unit.up', id: context.service.id }),
    ),
    reportCrash: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'unit.crashed', id: context.service.id, cause: context.cause }),
    ),
    reportStopped: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'unit.stopped', id: context.service.id, trouble: context.trouble }),
    ),
  },
}).createMachine({
  id: 'service',
  context: ({ input }) => ({ ...input, run: 0, cause: '', crashed: false, trouble: undefined }),
  initial: 'idle',
  states: {
    idle: {
      on: { start: { target: 'starting', actions: 'beginRun' } },
    },
    starting: {
      invoke: {
        src: 'startService',
        input: ({ context, self }) => ({
          service: context.service,
          crash: (cause) => self.send({ type: 'crash', run: context.run, cause }),
        }),
        onDone: [
          { guard: 'isCancelled', target: 'stopping' },
          { guard: 'hasCrashed', target: 'crashed' },
          { target: 'up' },
        ],
        onError: [
          { guard: 'isCancelled', target: 'stopping' },
          { target: 'crashed', actions: { type: 'noteCrash', params: ({ event }) => ({ cause: event.error }) } },
        ],
      },
      on: {
        crash: {
          guard: { type: 'isOfThisRun', params: ({ event }) => event },
          actions: { type: 'noteCrash', params: ({ event }) => event },
        },
      },
      initial: 'wanted',
      states: {
        wanted: {
          on: { stop: 'cancelled' },
          after: {
            startLimit: {
              target: '#service.crashed',
              actions: {
                type: 'noteCrash',
                params: ({ context }) => ({ cause: `not usable after ${context.startLimit / seconds(1)} s` }),
              },
            },
          },
        },
        cancelled: {
          after: { stopLimit: '#service.stopping' },
        },
      },
    },
    up: {
      entry: 'reportUp',
      on: {
        crash: {
          guard: { type: 'isOfThisRun', params: ({ event }) => event },
          target: 'crashed',
          actions: { type: 'noteCrash', params: ({ event }) => event },
        },
        stop: 'stopping',
      },
    },
    crashed: {
      entry: 'reportCrash',
      on: { stop: 'stopping' },
    },
    stopping: {
      invoke: {
        src: 'stopService',
        input: ({ context }) => context.service,
        onDone: 'stopped',
        onError: {
          target: 'stopped',
          actions: {
            type: 'noteTrouble',
            params: ({ event }) => ({ trouble: `its stop failed: ${messageOf(event.error)}` }),
          },
        },
      },
      after: {
        stopLimit: {
          target: 'stopped',
          actions: {
            type: 'noteTrouble',
            params: ({ context }) => ({ trouble: `its stop was abandoned after ${context.stopLimit / seconds(1)} s` }),
          },
        },
      },
    },
    stopped: {
      entry: 'reportStopped',
      always: 'idle',
    },
  },
});
