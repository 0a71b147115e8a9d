import type { Id } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { Severity, Subject } from '../detect/finding.ts';
import type { Hex } from './hex.ts';

export const STREAMS = ['finding', 'incident', 'audit', 'event'] as const;
export type StreamName = (typeof STREAMS)[number];

/** A stretch of a stream: the first item has number `first`, each next one the number after the one before. */
export interface StreamBatch {
  readonly epoch: string;
  /** From 1. */
  readonly first: number;
  /** At least one. */
  readonly items: readonly StreamItem[];
  /** It was asked for. */
  readonly replayed: boolean;
}

/** A gap stands for `count` numbers. */
export type StreamItem =
  | { readonly kind: 'finding'; readonly finding: WireFinding }
  | { readonly kind: 'incident'; readonly incident: WireIncident }
  | { readonly kind: 'audit'; readonly audit: WireAuditRecord }
  | { readonly kind: 'event'; readonly event: WireEvent }
  | { readonly kind: 'gap'; readonly gap: Gap };

export const GAP_REASONS = ['size', 'age', 'lost', 'off'] as const;

/** Items that nobody gets any more. */
export interface Gap {
  /** At least 1. */
  readonly count: number;
  readonly reason: (typeof GAP_REASONS)[number];
  /** 0: not known. */
  readonly oldestAt: Millis;
  /** 0: not known. */
  readonly newestAt: Millis;
}

/** A finding as it is sent. */
export interface WireFinding {
  readonly id: Id;
  readonly at: Millis;
  readonly check: string;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly message: string;
  readonly details: string;
  readonly firstAt: Millis;
  readonly count: number;
  readonly provenance: string;
  readonly firstPosition: string;
  readonly lastPosition: string;
}

/** An incident as it is sent. */
export interface WireIncident {
  readonly key: string;
  readonly check: string;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly count: number;
  readonly dismissed: boolean;
  readonly response: '' | 'blocked' | 'waiting' | 'dry_run' | 'failed';
}

/** A record of the audit log. */
export interface WireAuditRecord {
  /** From 1. */
  readonly serial: number;
  /** As the chain has it. */
  readonly record: Uint8Array;
  readonly hash: Hex;
}

/** A log event, where events are sent. */
export interface WireEvent {
  readonly at: Millis;
  readonly source: string;
  readonly program: string;
  readonly action: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly provenance: string;
}

/** How many numbers of its stream the item stands for. */
export const numbersOf = (item: StreamItem): number => (item.kind === 'gap' ? item.gap.count : 1);

/** The number after a batch's last one. */
export const endOf = (batch: StreamBatch): number =>
  batch.items.reduce((number, item) => number + numbersOf(item), batch.first);
