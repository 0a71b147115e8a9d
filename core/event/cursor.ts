import type { Millis } from '../base/time.ts';

/**
 * How far a followed path was read. Plain JSON, opaque to whoever stores it: keep it under `path`, in the same batch as
 * what came of the lines before `offset`.
 */
export interface Cursor {
  /** The followed path, also while a rotated file is being finished; `entry:PATTERN` for an entry's own mark. */
  readonly path: string;
  /** `''`: the file had no complete line yet, and no rotated file beside it had one; or there was no file. */
  readonly fingerprint: string;
  /** Always a line start. */
  readonly offset: number;
  /** Device and inode in decimal, where the file was last seen; a hint, not an identity. `''`: there was no file. */
  readonly dev: string;
  readonly ino: string;
  /** CRC-32 of the up to 64 bytes before `offset`: tells two files with the same first line apart. */
  readonly anchor: number;
}

/** How far a journal was read. Plain JSON, opaque to whoever stores it: keep it under `path`, as files' cursors are. */
export interface JournalCursor {
  /** `journal:system`, or `journal:` and the directory's path. */
  readonly path: string;
  /** Of the last entry read, as the journal names it; `''`: before its first one. */
  readonly cursor: string;
  /** When that entry was received; 0 with `''`. */
  readonly at: Millis;
}
