import type { DecisionId } from '../../core/base/ids.ts';
import type { Cidr, Ip } from '../../core/base/ip.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import type { Deadline } from '../../core/base/time.ts';
import type { AllowedPort } from '../../core/respond/allow.ts';
import type { NftResult } from '../../native/nft/index.ts';
import type { FirewallContent, TrialTime } from './content.ts';
import type { Judged } from './trial.ts';

/** One address the kernel is to drop, and the decision that says so. */
export interface KernelBlock {
  readonly ip: Ip;
  readonly id: DecisionId;
  readonly expiresAt: Deadline;
}

/** One network the kernel is to drop. */
export interface KernelNetwork {
  /** Canonical CIDR. */
  readonly network: string;
  readonly id: DecisionId;
  readonly expiresAt: Deadline;
}

/** An address that is let in to one port. */
export interface AllowedAtPort {
  /** Canonical address. */
  readonly subject: string;
  readonly port: AllowedPort;
}

/** What the kernel should hold; kept by the responder, read when the kernel is brought in line. */
export interface DesiredBlocks {
  /** All blocks that stand now. */
  blocks(): Iterable<KernelBlock>;
  blockCount(): number;
  blockOf(ip: Ip): KernelBlock | undefined;
  /** All networks that are blocked now; overlaps are no matter. */
  networks(): Iterable<KernelNetwork>;
  /** Networks that are let in whatever is blocked; overlaps are no matter. */
  allowed(): readonly Cidr[];
  /** Addresses and the ports that they are let in to whatever is blocked, each once. */
  allowedPorts(): readonly AllowedAtPort[];
  /** Whether the decision is known and has ended, so that its element is a leftover. */
  hasEnded(id: DecisionId): Promise<boolean>;
  /** The kernel holds blocks nobody here knows of: they become decisions of origin `recovered`. */
  adopt(blocks: readonly KernelBlock[]): Promise<void>;
  /** As `adopt`, of networks. */
  adoptNetworks(networks: readonly KernelNetwork[]): Promise<void>;
  /** The kernel has no room for these: they end as `refused`. */
  refuse(blocks: readonly KernelBlock[], why: string): Promise<void>;
}

/** Since the table was made. */
export interface DroppedPackets {
  readonly family: 4 | 6;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * What of the rules follows from the settings, and its trials. Where nothing is enforced it is only remembered, and holds
 * from the moment on that something is. In the kernel each step is one transaction for packets: they are judged by one
 * content or the other, and wholly.
 */
export interface FirewallTrials {
  /** What holds as confirmed from now on. After a failure the next sync does it. A trial stays what it is. */
  follow(content: FirewallContent): Promise<NftResult<void>>;
  /**
   * Puts a candidate on trial for as long as `time` says: it judges until then, and the confirmed content again afterwards,
   * by the kernel's own doing, at most one of its ticks (10 ms) early. Takes the place of an earlier candidate. Held
   * through resyncs, and never for longer. After a failure nothing is on trial. `invalid` when there is no time left.
   * @param confirmed what it falls back to, where that may be other than what holds as confirmed now
   */
  arm(candidate: FirewallContent, time: TrialTime, confirmed?: FirewallContent): Promise<NftResult<void>>;
  /** Tells the kernel anew how much time is left. `missing` when nothing is on trial. */
  rearm(): Promise<NftResult<void>>;
  /** Makes the candidate the confirmed content. After a failure it is still on trial. `missing` when none is. */
  confirm(): Promise<NftResult<void>>;
  /**
   * Ends the trial, if there is one; the confirmed content judges. After a failure the next sync does it.
   * @param confirmed what that is, where it may be other than what holds as confirmed now
   */
  abandon(confirmed?: FirewallContent): Promise<NftResult<void>>;
  /** By what the kernel judges at this moment, read back. */
  judged(): Promise<NftResult<Judged>>;
  /** Whether that is this content, its networks read back as well; false where there is no table. */
  isJudging(content: FirewallContent): Promise<NftResult<boolean>>;
  /**
   * Text for `nft -f` that puts this content's rules in, in one transaction, and leaves blocked and allowed elements as they
   * are; that takes the table away, where the content is `none`. For a snapshot's `ruleset.nft`.
   */
  rulesetText(content: FirewallContent | 'none'): string;
}

/**
 * `off`: the kernel holds nothing of ours. `residual`: it holds the table of an earlier run, which still drops.
 * `lingering`: the table is to go and could not be removed yet. `degraded`: the kernel is not, or not wholly, in line.
 */
export type FirewallState = 'off' | 'residual' | 'syncing' | 'enforcing' | 'degraded' | 'removing' | 'lingering';

export interface Firewall {
  state(): FirewallState;
  /** Why it is `degraded` or `lingering`. */
  error(): string | undefined;
  /** What a person must know while the state is `residual`. */
  remains(): string;
  /** Whether the kernel is known to drop for this decision. */
  holds(id: DecisionId): boolean;
  /** Before anything is enforced: finds out whether an earlier run left its table. Only reads. */
  look(): Promise<void>;
  /** Begins to enforce, or goes on; resolves when the first attempt is over, whatever came of it: see `state()`. */
  enable(): Promise<void>;
  /** Takes the table away and stops enforcing; `off` or `lingering` when it resolves. */
  disable(): Promise<void>;
  /** The kernel may be other than the books say, as after the wall clock was set: brings it in line again. */
  drifted(): void;
  /**
   * Drops packets of these addresses from now on; resolves when the kernel has them. After a failure the kernel is brought
   * in line again until it has all that `DesiredBlocks` holds or has refused what it has no room for.
   */
  enforce(blocks: readonly KernelBlock[]): Promise<NftResult<void>>;
  /** Lets these addresses in again. After a failure the next sync does it. */
  release(ips: readonly Ip[]): Promise<NftResult<void>>;
  /**
   * Drops packets from exactly the networks that `DesiredBlocks` blocks; resolves when the kernel does so. After a failure
   * the next sync does it.
   */
  blockNetworks(): Promise<NftResult<void>>;
  /**
   * Lets in exactly what `DesiredBlocks` allows, blocked or not; resolves when the kernel does so, at once where it holds
   * nothing of ours. After a failure the next sync does it.
   */
  letIn(): Promise<NftResult<void>>;
  /** Loopback and the like, infra (during a trial of both contents), and the addresses this host has at this moment, or had when they could last be read. */
  protectedNetworks(): Promise<NftResult<readonly NamedNetwork[]>>;
}
