import { type AnyActorLogic, type AnyActorRef, assign, enqueueActions, setup } from 'xstate';
import type { Millis } from '../../core/base/time.ts';
import type { Group, Unit } from './group.ts';
import * as units from './group.ts';
import { allDown, isSettled } from './plan.ts';
import type { ReportTo, UnitCommand, UnitReport } from './service-machine.ts';
import { isSupervisor, type Supervisor } from './supervise.ts';

/** How a child is spawned: its logic and, but for its parent, its input. */
export interface ChildActor {
  readonly logic: AnyActorLogic;
  readonly input: object;
}

export interface GroupInput {
  readonly spec: Supervisor;
  readonly now: () => Millis;
  readonly childActor: (child: Supervisor['children'][number], of: Supervisor) => ChildActor;
  /** Absent at the root. */
  readonly parent?: ReportTo;
}

export type GroupEvent =
  | UnitCommand
  | UnitReport
  /** A unit's backoff has ended, or a parked one is to be tried again. */
  | { readonly type: 'unit.due'; readonly id: string }
  /** A crash has left the window. */
  | { readonly type: 'forgive'; readonly number: number };

export interface GroupContext extends Group {
  readonly now: () => Millis;
  readonly parent: ReportTo | undefined;
}

/** `spawn` as it is for logic that is only known at run time: supervisors nest, a type cannot. */
type SpawnAny = (logic: AnyActorLogic, options: { readonly id: string; readonly input: unknown }) => AnyActorRef;

type OfUnit = { readonly id: string };

const NEW_UNIT = { status: 'idle', wasUp: false, crashed: false, starts: 0, crashes: 0, failedStops: 0 } as const;

/**
 * A supervisor. Which child is started or stopped next is decided by `plan.ts` from what is known of them all, after
 * everything that happens. The window is kept by timers, one a crash, so that setting the host's clock moves nothing.
 */
export const groupMachine = setup({
  types: { context: {} as GroupContext, input: {} as GroupInput, events: {} as GroupEvent },
  delays: {
    window: ({ context }) => context.spec.intensity.within,
    reviveAfter: ({ context }) => (context.spec.reviveAfter === 'never' ? 0 : context.spec.reviveAfter),
  },
  guards: {
    isMeantToRun: ({ context }, { id }: OfUnit) => units.isMeantToRun(units.unitOf(context, id)),
    isExpendable: ({ context }, { id }: OfUnit) => {
      const unit = units.unitOf(context, id);
      return units.isMeantToRun(unit) && unit?.expendable === true;
    },
    isSettled: ({ context }) => isSettled(context.spec.strategy, context.units),
    isTooMany: ({ context }) => units.isTooMany(context),
    isAllDown: ({ context }) => allDown(context.units),
  },
  actions: {
    begin: assign({ units: ({ context }) => context.units.map(units.afresh), recent: [], cause: '' }),
    noteUp: assign(({ context }, { id }: OfUnit) => units.changed(context, id, units.onUp, context.now())),
    noteDue: assign(({ context }, { id }: OfUnit) => units.changed(context, id, units.onDue, context.now())),
    noteStopped: assign(({ context }, { id, trouble }: OfUnit & { readonly trouble?: string | undefined }) =>
      units.changed(context, id, (unit) => units.onStopped(unit, trouble), context.now()),
    ),
    noteCrash: assign(({ context }, { id, cause }: OfUnit & { readonly cause: string }) => ({
      ...units.changed(context, id, (unit) => units.onCrash(unit, cause), context.now()),
      cause: `${id}: ${cause}`,
    })),
    /** Puts the crash into the window, out of which a timer takes it. */
    countCrash: enqueueActions(({ context, enqueue }, { id }: OfUnit) => {
      const number = context.counted + 1;
      enqueue.assign({ recent: [...context.recent, { number, id }], counted: number });
      enqueue.raise({ type: 'forgive', number }, { delay: 'window', id: `forgive:${number}` });
    }),
    forgive: assign({
      recent: ({ context }, { number }: { readonly number: number }) =>
        context.recent.filter((crash) => crash.number !== number),
    }),
    /** When the unit is down after a crash: a service after its stop, a group at once. */
    scheduleRestart: enqueueActions(({ context, enqueue }, { id }: OfUnit) => {
      if (units.unitOf(context, id)?.status !== 'waiting') return;
      enqueue.raise({ type: 'unit.due', id }, { delay: units.backoffOf(context, id), id: `due:${id}` });
    }),
    scheduleRevival: enqueueActions(({ context, enqueue }, { id }: OfUnit) => {
      if (context.spec.reviveAfter === 'never') return;
      enqueue.raise({ type: 'unit.due', id }, { delay: 'reviveAfter', id: `due:${id}` });
    }),
    cancelTimers: enqueueActions(({ context, enqueue }) => {
      for (const { id } of context.units) enqueue.cancel(`due:${id}`);
      for (const { number } of context.recent) enqueue.cancel(`forgive:${number}`);
    }),
    carryOut: enqueueActions(({ context, enqueue }, { goal }: { readonly goal: 'up' | 'down' }) => {
      if (goal === 'up' && units.isTooMany(context)) return;
      let group: Group = context;
      for (const [i, command] of units.commandsFor(context, goal)) {
        const unit = context.units[i];
        if (unit === undefined) continue;
        group = { ...group, ...units.changed(group, unit.id, (one) => units.onCommand(one, command), context.now()) };
        enqueue.sendTo(unit.ref, { type: command });
      }
      enqueue.assign({ units: group.units });
    }),
    report: enqueueActions(({ context, enqueue }, { type }: { readonly type: UnitReport['type'] }) => {
      const { id } = context.spec;
      if (context.parent === undefined) return;
      if (type === 'unit.crashed') enqueue.sendTo(context.parent, { type, id, cause: context.cause });
      else enqueue.sendTo(context.parent, { type, id });
    }),
  },
}).createMachine({
  id: 'group',
  context: ({ input, spawn, self }) => ({
    spec: input.spec,
    now: input.now,
    parent: input.parent,
    recent: [],
    counted: 0,
    cause: '',
    units: input.spec.children.map((child): Unit => {
      const { logic, input: own } = input.childActor(child, input.spec);
      return {
        ...NEW_UNIT,
        id: child.id,
        kind: isSupervisor(child) ? 'group' : 'service',
        expendable: isSupervisor(child) && !child.critical,
        ref: (spawn as unknown as SpawnAny)(logic, { id: child.id, input: { ...own, parent: self } }),
        since: input.now(),
      };
    }),
  }),
  initial: 'idle',
  states: {
    idle: {
      on: { start: 'running' },
    },
    running: {
      entry: ['begin', { type: 'carryOut', params: { goal: 'up' } }],
      always: { guard: 'isTooMany', target: 'givingUp' },
      on: {
        stop: 'stopping',
        'unit.up': {
          actions: [
            { type: 'noteUp', params: ({ event }) => event },
            { type: 'carryOut', params: { goal: 'up' } },
          ],
        },
        'unit.stopped': {
          actions: [
            { type: 'noteStopped', params: ({ event }) => event },
            { type: 'scheduleRestart', params: ({ event }) => event },
            { type: 'carryOut', params: { goal: 'up' } },
          ],
        },
        'unit.crashed': [
          {
            guard: { type: 'isExpendable', params: ({ event }) => event },
            actions: [
              { type: 'noteCrash', params: ({ event }) => event },
              { type: 'scheduleRevival', params: ({ event }) => event },
              { type: 'carryOut', params: { goal: 'up' } },
            ],
          },
          {
            guard: { type: 'isMeantToRun', params: ({ event }) => event },
            actions: [
              { type: 'noteCrash', params: ({ event }) => event },
              { type: 'countCrash', params: ({ event }) => event },
              { type: 'scheduleRestart', params: ({ event }) => event },
              { type: 'carryOut', params: { goal: 'up' } },
            ],
          },
        ],
        'unit.due': {
          actions: [
            { type: 'noteDue', params: ({ event }) => event },
            { type: 'carryOut', params: { goal: 'up' } },
          ],
        },
        forgive: { actions: { type: 'forgive', params: ({ event }) => event } },
      },
      initial: 'starting',
      states: {
        starting: {
          always: { guard: 'isSettled', target: 'up' },
        },
        up: {
          entry: { type: 'report', params: { type: 'unit.up' } },
        },
      },
    },
    stopping: {
      entry: ['cancelTimers', { type: 'carryOut', params: { goal: 'down' } }],
      always: { guard: 'isAllDown', target: 'stopped' },
      on: {
        'unit.stopped': {
          actions: [
            { type: 'noteStopped', params: ({ event }) => event },
            { type: 'carryOut', params: { goal: 'down' } },
          ],
        },
      },
    },
    stopped: {
      entry: { type: 'report', params: { type: 'unit.stopped' } },
      always: 'idle',
    },
    givingUp: {
      entry: ['cancelTimers', { type: 'carryOut', params: { goal: 'down' } }],
      always: { guard: 'isAllDown', target: 'failed' },
      on: {
        stop: 'stopping',
        'unit.stopped': {
          actions: [
            { type: 'noteStopped', params: ({ event }) => event },
            { type: 'carryOut', params: { goal: 'down' } },
          ],
        },
      },
    },
    failed: {
      entry: { type: 'report', params: { type: 'unit.crashed' } },
      on: { start: 'running', stop: 'stopped' },
    },
  },
});
