import type { FindingId } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { Position, Provenance } from '../event/event.ts';

/** Ordered: a larger index is worse. CSM's integers are these indexes. */
export const SEVERITIES = ['warning', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a finding is about; the responder decides from this, never from text. */
export interface Subject {
  readonly kind: 'ip' | 'user' | 'host';
  readonly value: string;
}

/** A detector judged something. Immutable: what happens to it later hangs beside it. */
export interface Finding {
  /** UUIDv8 of event time, check, subject, first and last position. */
  readonly id: FindingId;
  /** Event time of the line that completed it. */
  readonly at: Millis;
  readonly check: string;
  readonly severity: Severity;
  readonly subject: Subject;
  /** One sentence a person can act on. */
  readonly message: string;
  readonly details?: string;
  /** Event time of the first line that counted. */
  readonly firstAt: Millis;
  /** Events that counted. */
  readonly count: number;
  readonly first: Position;
  readonly last: Position;
  /** The least trustworthy of the events that counted. */
  readonly provenance: Provenance;
}

/** A finding under the number it was kept with: from 1 upwards, in the order of keeping; 0 when it could not be kept. */
export interface NumberedFinding {
  readonly finding: Finding;
  readonly serial: number;
}
