import type { Component } from '../base/component.ts';
import type { Ip, ParsedIp } from '../base/ip.ts';
import type { NamedNetwork } from '../base/prefixes.ts';
import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { FeatureSettings } from '../config/firewall-features.ts';
import type { Finding, Severity } from '../detect/finding.ts';
import type { ShownDevice } from '../field/device.ts';
import type { Epochs } from '../incident/epoch.ts';
import type { FindingGroup } from '../incident/finding-group.ts';
import type { HistoryRow } from '../incident/history.ts';
import type {
  Blocked,
  BlockedNetwork,
  BlockNetworkRefusal,
  BlockNetworkRequest,
  BlockRefusal,
  BlockRequest,
  BulkLifted,
  Flushed,
  Lifted,
  LiftedNetwork,
  Unbanned,
  UnblockNetworkRequest,
  UnblockRefusal,
  UnblockRequest,
} from '../respond/block.ts';
import type { PendingBlock } from '../respond/block-queue.ts';
import type { Decision, NetworkDecision } from '../respond/decision.ts';
import type { Mode } from '../respond/mode.ts';
import type { ReverseRequest } from '../respond/reversal.ts';

/** Of addresses, networks, entries of the allow list and rules, as last known. */
export interface EnforcedShare {
  /** 0 to 1; 1 only when nothing is known to be missing. */
  readonly ratio: number;
  /** The lowest within the last five minutes. */
  readonly lowest: number;
  readonly desired: number;
  readonly held: number;
}

export interface ApplianceFacts {
  readonly hostname: string;
  readonly version: string;
  readonly startedAt: Millis;
  readonly now: Millis;
  readonly mode: Mode;
  /** Why the mode is not what was asked for, or why nothing is enforced. */
  readonly modeReason?: string;
  readonly autoResponse: { readonly enabled: boolean; readonly dryRun: boolean; readonly blockIps: boolean };
  readonly firewall: {
    readonly enabled: boolean;
    readonly managed: boolean;
    readonly engine: string;
    readonly table: string;
    /** Addresses that may be blocked at once. */
    readonly capacity: number;
    /** Addresses and networks that are never blocked. */
    readonly infra: readonly string[];
    /** Networks that the config has dropped, behind infra, all that is allowed, and the blocks. */
    readonly denied: readonly string[];
    /** Countries that the config has dropped, by code. */
    readonly countries: readonly string[];
    /** How much of what is desired the kernel holds; absent while nothing is to be held. */
    readonly enforced?: EnforcedShare;
    /** What was put back into the kernel since start, after others had damaged it, by what it was. */
    readonly repairs: Readonly<Record<string, number>>;
    /** What judges packets to this host, as it is set. */
    readonly features: FeatureSettings;
  };
  readonly http: { readonly engine: string };
  readonly components: readonly Component[];
  readonly checks: number;
  /** Findings on record, suppressed ones left out, as a history without filters counts them. */
  readonly historyCount: number;
  /** Active finding groups by severity. */
  readonly severities: Readonly<Record<Severity, number>>;
  readonly dryRunBlocks: number;
  /** Automatic blocks that wait for their turn, and those that waited in vain since start. */
  readonly queue: { readonly pending: number; readonly givenUp: number };
  /** Networks blocked now. */
  readonly blockedNetworks: number;
  readonly store: { readonly healthy: boolean; readonly bytes: number };
  /** SHA-256 of the config file as read, hex. */
  readonly configHash: string;
  /** SHA-256 over the files of the program, hex, as the build took it: not of what lies on the disk now. */
  readonly binaryHash: string;
  readonly claimed: boolean;
  readonly device: ShownDevice;
}

/** What the endpoints ask of the running appliance; the composition root answers. */
export interface Appliance {
  facts(): Promise<ApplianceFacts>;
  /** Groups seen in the last 24 h, newest first, `most` at most. */
  activeFindings(most: number): Promise<readonly FindingGroup[]>;
  /** Active blocks, newest first. */
  blocks(): readonly Decision[];
  /** How many there are, without listing them. */
  blockCount(): number;
  blockOf(ip: Ip): Decision | undefined;
  /** Blocks that wait, in the order of their turns. */
  pendingBlocks(): readonly PendingBlock[];
  /** Active blocks of networks, newest first. */
  networkBlocks(): readonly NetworkDecision[];
  /** The active block of a network that this address is in, unless the address is allowed. */
  networkBlockOf(ip: Ip): NetworkDecision | undefined;
  /** Resolves when the kernel holds it and it is durable. An address that is blocked already gets the new reason and expiry. */
  block(request: BlockRequest): Promise<Result<Blocked, BlockRefusal>>;
  /** As `block`, of a network. Its guard: it holds nothing that must not be blocked, nor who asks. */
  blockNetwork(request: BlockNetworkRequest): Promise<Result<BlockedNetwork, BlockNetworkRefusal>>;
  unblock(request: UnblockRequest): Promise<Result<Lifted, UnblockRefusal>>;
  unblockNetwork(request: UnblockNetworkRequest): Promise<Result<LiftedNetwork, UnblockRefusal>>;
  /** Lifts many at once; an address that is not blocked counts as done. */
  unblockAll(ips: readonly Ip[], actor: string): Promise<Result<BulkLifted, Exclude<UnblockRefusal, 'not_blocked'>>>;
  /** Ends the address's block and the first block of a network around it; none of either is no error. */
  unban(request: UnblockRequest): Promise<Result<Unbanned, Exclude<UnblockRefusal, 'not_blocked'>>>;
  /** Ends every block of addresses and networks, also of those that wait. */
  flush(by: ReverseRequest): Promise<Result<Flushed, Exclude<UnblockRefusal, 'not_blocked'>>>;
  /**
   * The checks forget what counts against the address's source so far; durable when it resolves. `unavailable`: nothing is
   * judged at this moment.
   */
  forget(ip: Ip): Promise<Result<void, 'unavailable'>>;
  /** Why the address is never blocked, whoever asks: loopback, this host's own, infra. */
  guardOf(ip: ParsedIp): Promise<NamedNetwork | undefined>;
  /** All active blocks of networks around an address, allowed or not, the narrowest first. */
  networksAround(ip: ParsedIp): readonly NetworkDecision[];
  /**
   * Makes a finding that goes the way of every alert, so that somebody can see whether it arrives. `suppressed`: it is on
   * record, and a suppression kept it from everybody.
   */
  testAlert(actor: string): Promise<Result<void, 'unkept' | 'suppressed'>>;
  /** Every finding in view once it is kept, by rising serial within an epoch. Returns the unsubscriber. */
  onFinding(listener: (finding: Finding, serial: number) => void): () => void;
  /** Serial of the newest finding that is kept, 0 before the first; never behind what `onFinding` told. */
  lastSerial(): number;
  /** The numberings of findings there have been; another list as soon as a new one begins. */
  epochs(): Epochs;
  /** Kept findings behind a serial, suppressed ones too, lowest first, `limit` at most. Rejects when the store cannot be read. */
  findingsAfter(serial: number, limit: number): Promise<readonly HistoryRow[]>;
  /**
   * Applies the mode and writes it into the config file. Towards more enforcement the file comes first and a file that
   * cannot be written is a refusal; towards less the kernel comes first and `warning` says what could not follow.
   * `to_be_tried`: settings are on trial now, or it would put networks that are denied by the config out of reach at once; the settings do that on trial.
   */
  setMode(mode: Mode): Promise<Result<{ readonly mode: Mode; readonly warning?: string }, 'failed' | 'to_be_tried'>>;
  /** Whether the kernel is known to drop for this block. */
  isEnforced(block: Pick<Decision, 'id'>): boolean;
}
