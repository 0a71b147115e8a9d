import type { Millis } from '../../../core/base/time.ts';
import type { JournalCursor } from '../../../core/event/cursor.ts';

/**
 * Entries of the journal, in order, without a gap to the chunk before. The sink owns `bytes` and may transfer the buffer
 * to another thread, where `linesOf(new JournalBatch(bytes, JOURNAL_FIELDS), receivedAt)` makes lines of them.
 */
export interface JournalChunk {
  readonly source: 'journal';
  /** Packed; its length is 0 when only the cursor is news. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entries: number;
  readonly receivedAt: Millis;
  /** To be made durable together with what came of the entries. */
  readonly cursor: JournalCursor;
}

export interface JournalSink {
  /**
   * Resolves when the pipeline took the chunk. Until then no further one is offered; one more is read ahead. A rejection
   * means "not taken": the entries are read and offered again later.
   */
  submit(chunk: JournalChunk): Promise<void>;
}

/** Entries that were logged, perhaps, and cannot be read any more. Worth a finding: whoever deletes logs has a reason. */
export interface JournalLoss {
  /**
   * `vacuumed`: deleted before they were read. `replaced`: there is another journal now, as after a reboot of a machine
   * that keeps its journal in memory; whether anything was lost is not known. `missing`: between entries that were read,
   * so damaged, or deleted while they were waiting.
   */
  readonly why: 'vacuumed' | 'replaced' | 'missing';
  /** When the last entry before the gap was received. */
  readonly after: Millis;
  /** When the first one behind it was, at the latest; absent while there is none. */
  readonly before?: Millis;
  /** By the sequence numbers; absent when nothing tells. */
  readonly atMost?: number;
}
