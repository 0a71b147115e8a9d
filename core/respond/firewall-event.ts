import type { Deadline, Millis } from '../base/time.ts';
import type { Allow } from './allow.ts';
import type { Decision, Origin } from './decision.ts';

export type FirewallAction =
  | 'block'
  | 'unblock'
  | 'block_expired'
  | 'block_refused'
  | 'allow'
  | 'remove_allow'
  | 'temp_allow_expired';

/** Something that was done to, or by, the firewall. */
export interface FirewallEvent {
  readonly at: Millis;
  readonly action: FirewallAction;
  /** Address or network. */
  readonly subject: string;
  readonly reason: string;
  readonly origin: Origin;
  /** Until when it was to last; for what began. */
  readonly expiresAt?: Deadline;
}

const OF_STATE = {
  active: 'block',
  lifted: 'unblock',
  expired: 'block_expired',
  refused: 'block_refused',
} as const;

/** What a decision did to the firewall; nothing, when it was only recorded. */
export function eventOfDecision(decision: Decision): FirewallEvent | undefined {
  const { state, ip, reason, origin, at, expiresAt, endedAt, note } = decision;
  if (state === 'dry_run' || state === 'pending' || (state === 'expired' && endedAt === at)) return undefined;
  const event = { action: OF_STATE[state], subject: ip, origin };
  return state === 'active'
    ? { ...event, at, reason, expiresAt }
    : { ...event, at: endedAt ?? at, reason: note ?? reason };
}

export type AllowChange = 'allow' | 'remove_allow' | 'temp_allow_expired';

/** @param at the moment of the change */
export const eventOfAllow = (allow: Allow, change: AllowChange, at: Millis): FirewallEvent => ({
  at,
  action: change,
  subject: allow.subject,
  reason: allow.reason,
  origin: allow.origin,
  ...(change === 'allow' ? { expiresAt: allow.expiresAt } : {}),
});
