import type { Component } from '../base/component.ts';
import type { Ip } from '../base/ip.ts';
import type { Result } from '../base/result.ts';
import type { Deadline, Millis } from '../base/time.ts';
import type { Finding, Severity } from '../detect/finding.ts';
import type { Decision, Origin } from '../respond/decision.ts';

/** `observe`: kernel untouched. `dry_run`: only an operator's blocks reach the kernel. `enforce`: findings block too. */
export type Mode = 'observe' | 'dry_run' | 'enforce';
export const MODES = ['observe', 'dry_run', 'enforce'] as const satisfies readonly Mode[];

/** Findings of one check about one subject, as `/api/v1/findings` lists them. */
export interface FindingGroup {
  readonly latest: Finding;
  readonly serial: number;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
  /** Findings in the group. */
  readonly findings: number;
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
  };
  readonly http: { readonly engine: string };
  readonly components: readonly Component[];
  readonly checks: number;
  readonly historyCount: number;
  /** Active finding groups by severity. */
  readonly severities: Readonly<Record<Severity, number>>;
  readonly dryRunBlocks: number;
  readonly store: { readonly healthy: boolean; readonly bytes: number };
  /** SHA-256 of the config file as read, hex. */
  readonly configHash: string;
  /** SHA-256 over the program's files, hex. */
  readonly binaryHash: string;
  readonly claimed: boolean;
}

export interface BlockRequest {
  readonly ip: Ip;
  readonly reason: string;
  readonly expiresAt: Deadline;
  readonly origin: Origin;
  readonly actor: string;
}

/** `protected`: loopback, own, infra. `observing`: the mode forbids it. `failed`: the kernel refused. */
export type BlockRefusal = 'protected' | 'observing' | 'failed';

export type UnblockRefusal = 'not_blocked' | 'observing' | 'failed';

/** What the endpoints ask of the running appliance; the composition root answers. */
export interface Appliance {
  facts(): Promise<ApplianceFacts>;
  /** Groups seen in the last 24 h, newest first. */
  activeFindings(): Promise<readonly FindingGroup[]>;
  /** Active blocks, newest first. */
  blocks(): readonly Decision[];
  blockOf(ip: Ip): Decision | undefined;
  /** Resolves when the kernel holds it and it is durable. An address that is blocked already gets the new reason and expiry. */
  block(request: BlockRequest): Promise<Result<Decision, BlockRefusal>>;
  unblock(request: { readonly ip: Ip; readonly actor: string }): Promise<Result<Decision, UnblockRefusal>>;
  /** Every finding as it is made, in order. Returns the unsubscriber. */
  onFinding(listener: (finding: Finding, serial: number) => void): () => void;
  /** Writes the mode into the config file and applies it. */
  setMode(mode: Mode): Promise<Result<Mode, 'failed'>>;
}
