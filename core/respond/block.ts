import type { Ip } from '../base/ip.ts';
import type { Deadline } from '../base/time.ts';
import type { Decision, NetworkDecision, Origin } from './decision.ts';

/** A person's or client's wish to block one address. */
export interface BlockRequest {
  readonly ip: Ip;
  readonly reason: string;
  readonly expiresAt: Deadline;
  readonly origin: Origin;
  /** Name of the principal. */
  readonly actor: string;
}

/** `protected`: loopback, own, infra, allowed. `observing`: the mode forbids it. `failed`: the kernel or the disk refused. */
export type BlockRefusal = 'protected' | 'observing' | 'failed';

export interface UnblockRequest {
  readonly ip: Ip;
  /** Name of the principal. */
  readonly actor: string;
}

/** The ended decision; `warning` when it is off the books and the kernel still has to follow. */
export type Lifted = Decision & { readonly warning?: string };

/** As `Lifted`, of a network. */
export type LiftedNetwork = NetworkDecision & { readonly warning?: string };

export interface UnblockNetworkRequest {
  /** Canonical CIDR. */
  readonly network: string;
  /** Name of the principal. */
  readonly actor: string;
}

export type UnblockRefusal = 'not_blocked' | 'observing' | 'failed';

/** How many of the addresses are not blocked now; `warning` when the kernel still has to follow. */
export interface BulkLifted {
  readonly count: number;
  readonly warning?: string;
}
