import type { Component } from '../../core/base/component.ts';
import { aheadText, percent } from './drift-reports.ts';
import type { FirewallState } from './port.ts';

export type Described = Pick<Component, 'state' | 'message' | 'detail'>;

/** What a person is told of the firewall. */
export interface Facts {
  readonly state: FirewallState;
  readonly error: string;
  readonly table: string;
  /** What to say of the table of an earlier run. */
  readonly remains: string;
  /** How much of what is desired is in force, 0 to 1, and why not all. */
  readonly ratio: number;
  readonly damage: string;
  /** Of files and lists. */
  readonly trouble: string | undefined;
  /** Chains of others that packets meet ahead of ours. */
  readonly ahead: readonly string[];
}

export function describe(facts: Facts): Described {
  const { state, error, table, remains } = facts;
  switch (state) {
    case 'off':
      return { state: 'off', message: 'observing: the kernel is not touched' };
    case 'residual':
      return { state: 'degraded', message: remains };
    case 'syncing':
    case 'removing':
      return { state: 'starting' };
    case 'enforcing':
      return enforcing(facts);
    case 'degraded':
      return { state: 'degraded', message: error };
    case 'lingering':
      return { state: 'degraded', message: `table inet ${table} cannot be removed and still drops: ${error}` };
  }
}

/** What is ahead of our chains is told, and nothing to be mended. */
function enforcing({ ratio, damage, trouble, ahead }: Facts): Described {
  const message = ratio < 1 ? `${percent(ratio)} % of it are in force: ${damage}` : trouble;
  return {
    state: message === undefined ? 'ok' : 'degraded',
    ...(message === undefined ? {} : { message }),
    ...(ahead.length === 0 ? {} : { detail: aheadText(ahead) }),
  };
}
