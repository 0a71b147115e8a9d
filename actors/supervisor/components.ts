import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Group, Unit } from './group.ts';
import { isSupervisor } from './supervise.ts';

/** Every unit below the group as `/status` shows it, in the order of the starts, a group before its children. */
export function componentsOf(group: Group): readonly Component[] {
  return group.units.flatMap((unit) => [componentOf(group, unit), ...below(unit)]);
}

function below(unit: Unit): readonly Component[] {
  const nested = unit.kind === 'group' ? groupOf(unit) : undefined;
  return nested === undefined ? [] : componentsOf(nested);
}

const groupOf = (unit: Unit): Group | undefined =>
  (unit.ref.getSnapshot() as { readonly context?: Group } | undefined)?.context;

function componentOf(group: Group, unit: Unit): Component {
  const troubled = below(unit).filter(({ state }) => state !== 'ok');
  const base = { name: unit.id, since: unit.since, counters: countersOf(unit) };
  if (unit.status === 'up' && troubled.length > 0) {
    return { ...base, state: 'degraded', message: `not ok: ${troubled.map(({ name }) => name).join(', ')}` };
  }
  const state = stateOf(unit);
  const message = state === 'ok' || state === 'off' ? undefined : messageOf(group, unit);
  return { ...base, state, ...(message === undefined ? {} : { message }) };
}

const countersOf = ({ starts, crashes, failedStops }: Unit) => ({
  restarts: Math.max(0, starts - 1),
  crashes,
  failedStops,
});

function stateOf({ status, crashed }: Unit): ComponentState {
  switch (status) {
    case 'up':
      return 'ok';
    case 'starting':
      return 'starting';
    case 'crashed':
    case 'waiting':
    case 'parked':
      return 'failed';
    case 'stopping':
      return crashed ? 'failed' : 'off';
    case 'idle':
      return 'off';
  }
}

function messageOf({ spec }: Group, { status, lastError, id }: Unit): string | undefined {
  if (lastError === undefined) return undefined;
  const child = spec.children.find((one) => one.id === id);
  if (status !== 'parked' || child === undefined || !isSupervisor(child)) return lastError;
  const again = child.reviveAfter === 'never' ? 'it stays off' : 'it will be tried again';
  return `${lastError}; gave up after ${child.intensity.crashes} restarts, ${again}`;
}
