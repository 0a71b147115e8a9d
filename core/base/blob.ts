import type { Id } from './ids.ts';
import type { Deadline, Millis } from './time.ts';

/** Somebody's reason to keep a file: uploaded, carved, quarantined. Several records may be about the same content. */
export interface BlobRecord {
  readonly id: Id;
  /** Of the content, 64 hex digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** What its owner calls it; never used as a path. */
  readonly name: string;
  /** `type/subtype`, as claimed. */
  readonly mediaType: string;
  readonly createdAt: Millis;
  /** Name of the principal or subsystem that brought it. */
  readonly owner: string;
  readonly expiresAt: Deadline;
}
