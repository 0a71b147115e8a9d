import type { Strategy } from './supervise.ts';

/**
 * `idle`: not running, may be started. `crashed`: a service that failed and is not cleaned up yet. `waiting`: cleaned up
 * after a crash, not to be started before its backoff ends. `parked`: a group that gave up and is left alone for now.
 */
export type UnitStatus = 'idle' | 'starting' | 'up' | 'crashed' | 'stopping' | 'waiting' | 'parked';

export interface PlannedUnit {
  readonly status: UnitStatus;
  /** Has been usable since its supervisor was started. */
  readonly wasUp: boolean;
}

/** Index of the unit and what to tell it. */
export type Command = readonly [unit: number, command: 'start' | 'stop'];

const isDown = ({ status }: PlannedUnit): boolean => status === 'idle' || status === 'waiting' || status === 'parked';
const isDone = ({ status, wasUp }: PlannedUnit): boolean => status === 'up' || status === 'parked' || wasUp;

/** What to do next so that all units are down in the end: the last one that runs is stopped, one at a time. */
export function planDown(units: readonly PlannedUnit[]): readonly Command[] {
  const last = units.findLastIndex((unit) => !isDown(unit));
  return last < 0 || units[last]?.status === 'stopping' ? [] : [[last, 'stop']];
}

export const allDown = (units: readonly PlannedUnit[]): boolean => units.every(isDown);

/** What to do next so that all units are up in the end. */
export const planUp = (strategy: Strategy, units: readonly PlannedUnit[]): readonly Command[] =>
  strategy === 'one-for-one' ? planEach(units) : planRest(units);

/** Whether the supervisor counts as usable: every unit has been, or is parked (and what depends on it waits for it). */
export function isSettled(strategy: Strategy, units: readonly PlannedUnit[]): boolean {
  if (strategy === 'one-for-one') return units.every(isDone);
  const first = units.find(({ status }) => status !== 'up');
  return first === undefined || first.status === 'parked';
}

/** Each for itself, except that the first start goes in order. */
function planEach(units: readonly PlannedUnit[]): readonly Command[] {
  return units.flatMap((unit, i): Command[] => {
    if (unit.status === 'crashed') return [[i, 'stop']];
    if (unit.status === 'idle' && units.slice(0, i).every(isDone)) return [[i, 'start']];
    return [];
  });
}

/** The first unit that is not up is dealt with when all behind it are down. */
function planRest(units: readonly PlannedUnit[]): readonly Command[] {
  const first = units.findIndex(({ status }) => status !== 'up');
  if (first < 0) return [];
  const behind = planDown(units.slice(first + 1));
  if (behind.length > 0) return behind.map(([i, command]) => [first + 1 + i, command]);
  if (!allDown(units.slice(first + 1))) return [];
  const status = units[first]?.status;
  if (status === 'crashed') return [[first, 'stop']];
  return status === 'idle' ? [[first, 'start']] : [];
}
