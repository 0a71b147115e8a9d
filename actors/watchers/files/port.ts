import type { Millis } from '../../../core/base/time.ts';
import type { Cursor } from '../../../core/event/cursor.ts';
import type { Trust, TrustSetting } from './trust.ts';

export type { Cursor };

/** One configured source: `watchers.files[]`. */
export interface FileEntry {
  /**
   * Absolute path or glob (see `compileGlob`): `*`, `?`, `[a-z]`, `[!a-z]` within a name, `**` as a whole segment for
   * any number of directories. A name that starts with a dot is matched only by a pattern that starts with one.
   */
  readonly path: string;
  /** Handed through to the sink with every chunk. */
  readonly parser: string;
  /**
   * Where to begin in a file that is there at the very first start and has no cursor. A file that comes later is always
   * read from its beginning, also when it came while this process was down.
   */
  readonly start: 'beginning' | 'end';
  /**
   * What its lines are worth: `auto` (unless told) goes by who may write to the file, see `writersOf`; `file` and
   * `spoofable` say so whoever may.
   */
  readonly trust?: TrustSetting;
}

/** A line longer than `MAX_LINE`, passed over in constant memory. */
export interface Skipped {
  readonly offset: number;
  /** Its bytes, line end included. */
  readonly length: number;
}

/**
 * Whole lines of one file, in order, without a gap to the chunk before. `bytes` is empty when only the cursor is news: a
 * file was begun, or an over-long line was skipped. The sink owns `bytes` (it may transfer the buffer).
 */
export interface Chunk {
  readonly path: string;
  readonly parser: string;
  /** `Position.source` of every line in it; `''` only when `bytes` is empty. */
  readonly fingerprint: string;
  /** Byte offset of `bytes[0]` in the file: a line start, so a line's `Position.offset` is this plus its place in `bytes`. */
  readonly offset: number;
  /** At most 256 KiB and one byte; ends behind a `\n`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly skipped?: Skipped;
  readonly receivedAt: Millis;
  /** Of every line in it: `spoofable` where anybody may write to the file. */
  readonly provenance: Trust['provenance'];
  /** To be made durable together with what came of `bytes`. */
  readonly cursor: Cursor;
}

export interface ChunkSink {
  /**
   * Resolves when the pipeline took the chunk; until then the file is not read on. At most one chunk of a file and
   * `Limits.chunksInFlight` overall are under way. A rejection means "not taken": the chunk is offered again later.
   */
  submit(chunk: Chunk): Promise<void>;
}

/** A line may have this many bytes without its line end. */
export const MAX_LINE = 256 * 1024;

/** The key of an entry's mark among the cursors: present once the files that were there at first start are accounted for. */
export const entryKey = (pattern: string): string => `entry:${pattern}`;
