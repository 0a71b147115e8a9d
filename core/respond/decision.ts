import type { DecisionId, FindingId } from '../base/ids.ts';
import type { Ip } from '../base/ip.ts';
import type { Deadline, Millis } from '../base/time.ts';

/** Who made it. `recovered`: found in the kernel at start, unknown to the store. */
export type Origin = 'auto_response' | 'web_ui' | 'api' | 'cli' | 'controller' | 'recovered';

/** `pending`: waits for its turn, since only so many are blocked in an hour. `dry_run`: what would have been done. `refused`: see `note`. */
export type DecisionState = 'pending' | 'active' | 'dry_run' | 'refused' | 'lifted' | 'expired';

/** To block an address. Mutable only in `state`, `endedAt` and `note`. */
export interface Decision {
  /** From a finding: UUIDv8 of the finding's id, so that a re-fed finding decides nothing twice. Else UUIDv7. */
  readonly id: DecisionId;
  readonly kind: 'block';
  readonly ip: Ip;
  readonly reason: string;
  readonly origin: Origin;
  /** Name of the principal behind a manual decision. */
  readonly actor?: string;
  readonly findings: readonly FindingId[];
  readonly at: Millis;
  readonly expiresAt: Deadline;
  readonly state: DecisionState;
  readonly endedAt?: Millis;
  /** Why it waits, was refused or lifted. */
  readonly note?: string;
}

/** To block a whole network: since several of its addresses are blocked, or by an operator's order. Mutable like a `Decision`. */
export interface NetworkDecision {
  /** UUIDv8 of the decisions it rests on; UUIDv7 where an operator ordered it. */
  readonly id: DecisionId;
  readonly kind: 'block_network';
  /** CIDR. */
  readonly network: string;
  readonly reason: string;
  readonly origin: Origin;
  /** Name of the principal behind an order. */
  readonly actor?: string;
  /** The blocks of its addresses; none is known of one that was found in the kernel or ordered. */
  readonly decisions: readonly DecisionId[];
  readonly at: Millis;
  readonly expiresAt: Deadline;
  readonly state: DecisionState;
  readonly endedAt?: Millis;
  readonly note?: string;
}

/** What the kernel really did with a decision. */
export interface Outcome {
  readonly decision: DecisionId;
  readonly at: Millis;
  readonly result: 'enforced' | 'lifted' | 'expired' | 'failed';
  readonly error?: string;
}
