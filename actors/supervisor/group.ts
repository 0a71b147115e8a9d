import type { AnyActorRef } from 'xstate';
import { type Millis, millis } from '../../core/base/time.ts';
import { type Command, type PlannedUnit, planDown, planUp } from './plan.ts';
import type { Supervisor } from './supervise.ts';

/** A child as its supervisor knows it. */
export interface Unit extends PlannedUnit {
  readonly id: string;
  readonly kind: 'service' | 'group';
  /** A group that may give up without its parent. */
  readonly expendable: boolean;
  readonly ref: AnyActorRef;
  /** It crashed in this run: once it is down it waits for its backoff. */
  readonly crashed: boolean;
  readonly starts: number;
  readonly crashes: number;
  readonly failedStops: number;
  readonly lastError?: string;
  readonly since: Millis;
}

export interface Group {
  readonly spec: Supervisor;
  readonly units: readonly Unit[];
  /** Crashes within the window, oldest first. */
  readonly recent: readonly { readonly number: number; readonly id: string }[];
  /** Crashes counted so far; numbers the next. */
  readonly counted: number;
  /** Why it gave up. */
  readonly cause: string;
}

type Change = Partial<Omit<Unit, 'id' | 'ref'>>;

/** The units with one of them changed; `since` moves when the status does. */
export function changed(group: Group, id: string, change: (unit: Unit) => Change, now: Millis): Pick<Group, 'units'> {
  const units = group.units.map((unit) => {
    if (unit.id !== id) return unit;
    const next = { ...unit, ...change(unit) };
    return next.status === unit.status ? next : { ...next, since: now };
  });
  return { units };
}

export const unitOf = ({ units }: Group, id: string): Unit | undefined => units.find((unit) => unit.id === id);

/** Nothing is up and nothing has happened, as far as planning goes. */
export const afresh = (unit: Unit): Unit => ({ ...unit, status: 'idle', wasUp: false, crashed: false });

/** It is usable, unless its stop was asked for in the meantime. */
export const onUp = (unit: Unit): Change => (unit.status === 'starting' ? { status: 'up', wasUp: true } : {});

/** It failed. A group has cleaned up by itself; an expendable one is left alone for now. */
export function onCrash(unit: Unit, cause: string): Change {
  const status = unit.expendable ? 'parked' : unit.kind === 'group' ? 'waiting' : 'crashed';
  return { status, crashed: true, crashes: unit.crashes + 1, lastError: cause };
}

export const onStopped = (unit: Unit, trouble: string | undefined): Change => ({
  status: unit.crashed ? 'waiting' : 'idle',
  ...(trouble === undefined ? {} : { lastError: trouble, failedStops: unit.failedStops + 1 }),
});

export const onDue = (unit: Unit): Change =>
  unit.status === 'waiting' || unit.status === 'parked' ? { status: 'idle' } : {};

export const onCommand = (unit: Unit, command: Command[1]): Change =>
  command === 'stop' ? { status: 'stopping' } : { status: 'starting', crashed: false, starts: unit.starts + 1 };

/** A crash counts while its unit is meant to run: not when it comes out of a stop that is under way. */
export const isMeantToRun = (unit: Unit | undefined): boolean => unit?.status === 'starting' || unit?.status === 'up';

export const isTooMany = ({ recent, spec }: Group): boolean => recent.length > spec.intensity.crashes;

/** The wait before this unit is started again. */
export function backoffOf({ spec, recent }: Group, id: string): Millis {
  const crashes = recent.filter((crash) => crash.id === id).length;
  return millis(Math.min(spec.backoff.longest, spec.backoff.first * 2 ** Math.max(0, crashes - 1)));
}

export const commandsFor = (group: Group, goal: 'up' | 'down'): readonly Command[] =>
  goal === 'up' ? planUp(group.spec.strategy, group.units) : planDown(group.units);
