import type { Millis } from '../base/time.ts';
import type { Principal } from './auth.ts';

/** One write that reached its handler, whatever came of it. Never holds a secret. */
export interface AuditRecord {
  readonly at: Millis;
  /** From the endpoint's declaration, e.g. `block_ip`. */
  readonly action: string;
  /** What was acted upon, e.g. the canonical address; empty when the action has no target. */
  readonly target: string;
  /** Declared fields of the request body or the reply; a list as one text, blanks between. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** Name of the principal; empty when nobody was authenticated (a failed login). */
  readonly actor: string;
  /** `controller`: whoever holds the key of that name ordered it. */
  readonly principalKind: Principal['kind'] | 'controller';
  /** Canonical address of the client, `local`, or of an order the URL of the broker. */
  readonly peer: string;
  readonly requestId: string;
  /** HTTP status of the answer. */
  readonly status: number;
}

/**
 * A record as it is kept. The keeper numbers it and chains it: `hash` = SHA-256 over `prev` and the record in canonical
 * JSON, `prev` = `hash` of the record before (64 zeros for the first), so that a gap or an edit shows.
 */
export interface ChainedAuditRecord extends AuditRecord {
  readonly serial: number;
  readonly prev: string;
  readonly hash: string;
}

/** Resolves when the record is durable. A rejection is logged and undoes nothing. */
export type AuditSink = (record: AuditRecord) => Promise<void>;

/** The audit log as it is read. */
export interface AuditTrail {
  /** At most `limit`, newest first. Rejects when the log cannot be read. */
  newest(limit: number): Promise<readonly ChainedAuditRecord[]>;
}
