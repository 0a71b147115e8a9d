import type { Cidr, Ip } from '../base/ip.ts';
import type { Deadline } from '../base/time.ts';
import type { Decision, NetworkDecision, Origin } from './decision.ts';
import type { Reversal } from './reversal.ts';

/** A person's or client's wish to block one address. */
export interface BlockRequest {
  readonly ip: Ip;
  readonly reason: string;
  readonly expiresAt: Deadline;
  readonly origin: Origin;
  /** Name of the principal. */
  readonly actor: string;
  /** Canonical address of who asks, or `local`. */
  readonly peer: string;
  /** Blocks it though it is who asks. */
  readonly forcedBecause?: string;
}

/**
 * `protected`: loopback, own, infra, allowed. `would_cut`: it is who asks. `observing`: the mode forbids it. `failed`: the
 * kernel or the disk refused.
 */
export type BlockRefusal = 'protected' | 'would_cut' | 'observing' | 'failed';

export interface UnblockRequest {
  readonly ip: Ip;
  /** Name of the principal. */
  readonly actor: string;
}

/** What can be taken back by its `reversal`; `warning` when the books say it and the kernel still has to follow. */
export interface Reversible {
  readonly warning?: string;
  readonly reversal: Reversal;
}

/** The decision that was made. */
export type Blocked = Decision & Reversible;
export type BlockedNetwork = NetworkDecision & Reversible;

/** The decision that was ended. */
export type Lifted = Decision & Reversible;
export type LiftedNetwork = NetworkDecision & Reversible;

/** A person's or client's wish to block a network. */
export interface BlockNetworkRequest {
  readonly network: Cidr;
  readonly reason: string;
  readonly expiresAt: Deadline;
  readonly origin: Origin;
  /** Name of the principal. */
  readonly actor: string;
  /** Canonical address of who asks, or `local`. */
  readonly peer: string;
  /** Blocks it though who asks is in it. */
  readonly forcedBecause?: string;
}

/**
 * `protected`: holds an address that must not be blocked. `too_broad`: less than /8, or /32 for IPv6. `would_cut`: who asks
 * is in it. `full`: as many are blocked as may be. The others as of an address.
 */
export type BlockNetworkRefusal = BlockRefusal | 'too_broad' | 'full';

export interface UnblockNetworkRequest {
  /** Canonical CIDR. */
  readonly network: string;
  /** Name of the principal. */
  readonly actor: string;
}

export type UnblockRefusal = 'not_blocked' | 'observing' | 'failed';

/** How many of the addresses are not blocked now. */
export type BulkLifted = { readonly count: number } & Reversible;

/** What was set free with an address: the first network around it that was blocked. */
export type Unbanned = { readonly network?: string } & Reversible;

/** How many blocks there were. */
export type Flushed = { readonly addresses: number; readonly networks: number } & Reversible;
