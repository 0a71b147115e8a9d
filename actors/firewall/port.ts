import type { DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import type { Deadline } from '../../core/base/time.ts';
import type { NftResult } from '../../native/nft/index.ts';

/** One address the kernel is to drop, and the decision that says so. */
export interface KernelBlock {
  readonly ip: Ip;
  readonly id: DecisionId;
  readonly expiresAt: Deadline;
}

/** What the kernel should hold; kept by the responder, read when the kernel is brought in line. */
export interface DesiredBlocks {
  /** All blocks that stand now. */
  blocks(): Iterable<KernelBlock>;
  blockOf(ip: Ip): KernelBlock | undefined;
  /** Whether the decision is known and has ended, so that its element is a leftover. */
  hasEnded(id: DecisionId): Promise<boolean>;
  /** The kernel holds blocks nobody here knows of: they become decisions of origin `recovered`. */
  adopt(blocks: readonly KernelBlock[]): Promise<void>;
}

export type FirewallState = 'off' | 'syncing' | 'enforcing' | 'degraded' | 'removing';

export interface Firewall {
  state(): FirewallState;
  /** Why it is `degraded`. */
  error(): string | undefined;
  /** Begins to enforce, or goes on; resolves when the first attempt is over, whatever came of it: see `state()`. */
  enable(): Promise<void>;
  /** Takes the table away and stops enforcing. */
  disable(): Promise<void>;
  /**
   * Drops packets of these addresses from now on; resolves when the kernel has them. On failure they are put in with the
   * next successful sync, as long as `DesiredBlocks` still holds them.
   */
  enforce(blocks: readonly KernelBlock[]): Promise<NftResult<void>>;
  release(ips: readonly Ip[]): Promise<NftResult<void>>;
  /** Loopback and the like, infra, and the addresses this host has at this moment. */
  protectedNetworks(): Promise<readonly NamedNetwork[]>;
}
