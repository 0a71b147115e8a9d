import type { Deadline, Millis } from '../base/time.ts';
import { type Allow, portText } from './allow.ts';
import type { Decision, NetworkDecision, Origin, Outcome } from './decision.ts';

export type FirewallAction =
  | 'block'
  | 'unblock'
  | 'block_subnet'
  | 'unblock_subnet'
  | 'block_expired'
  | 'block_refused'
  | 'allow'
  | 'remove_allow'
  | 'temp_allow_expired'
  | 'flush'
  | 'undo_flush';

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

const OF_STATE = { expired: 'block_expired', refused: 'block_refused' } as const;
const OF_BLOCK = { ...OF_STATE, active: 'block', lifted: 'unblock' } as const;
const OF_NETWORK = { ...OF_STATE, active: 'block_subnet', lifted: 'unblock_subnet' } as const;

/**
 * What a decision did to the firewall; nothing, when it was only recorded.
 * @param outcome what the kernel had to do with it: a block that ended before its turn came did nothing
 */
export function eventOfDecision(
  decision: Decision | NetworkDecision,
  outcome: Outcome | undefined,
): FirewallEvent | undefined {
  const { kind, state, reason, origin, at, expiresAt, endedAt, note } = decision;
  if (state === 'dry_run' || state === 'pending') return undefined;
  if (outcome === undefined && (state === 'expired' || state === 'lifted')) return undefined;
  const subject = kind === 'block' ? decision.ip : decision.network;
  const event = { action: (kind === 'block' ? OF_BLOCK : OF_NETWORK)[state], subject, origin };
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
  reason: allow.port === undefined ? allow.reason : `${portText(allow.port)}: ${allow.reason}`,
  origin: allow.origin,
  ...(change === 'allow' ? { expiresAt: allow.expiresAt } : {}),
});
