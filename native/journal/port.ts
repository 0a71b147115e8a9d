import type { Millis } from '../../core/base/time.ts';
import type { JournalBatch } from './batch.ts';

/** Where entries are read from. Files that come to a directory later are followed, a list of files stays as it is. */
export type JournalSource =
  /** This machine's own, volatile and persistent, of the system and of its users; not those received from others. */
  | { readonly kind: 'system' }
  /** `*.journal` and `*.journal~` in it and in folders below that are named by a machine's id. */
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

export interface FieldValue {
  readonly field: string;
  readonly value: string;
}

export interface JournalOptions {
  readonly source: JournalSource;
  /** Names of the fields wanted of each entry, at most 64; an entry may have any of them or none. */
  readonly fields: readonly string[];
  /** Any of the groups, all of a group; where a group names a field twice, either value. Absent or empty: every entry. */
  readonly matches?: readonly (readonly FieldValue[])[];
  /** Entries that have all of any of these groups are passed over and counted. At most 64 pairs in all. */
  readonly exclude?: readonly (readonly FieldValue[])[];
  /** Longer values are cut off there and marked; bounds memory whatever was logged. 1..16 MiB, default 256 KiB. */
  readonly maxValueBytes?: number;
}

export type JournalTarget =
  | { readonly to: 'head' }
  /** Behind the last entry: what is logged from now on. */
  | { readonly to: 'tail' }
  /** Behind the cursor's entry, which was read before. */
  | { readonly to: 'cursor'; readonly cursor: string }
  /** The first entry of this moment or a later one, by the wall clock of when it was received. */
  | { readonly to: 'time'; readonly at: Millis }
  /** The first entry of a boot (32 hex digits) so many microseconds after its start. */
  | { readonly to: 'boot'; readonly boot: string; readonly monotonic: number };

/** Where a seek ended. */
export interface Landing {
  /**
   * False: the cursor's entry is not there (any more) and reading begins at the nearest later one. An entry that journald
   * copied from the volatile to the persistent journal counts as the same.
   */
  readonly exact: boolean;
  /** Cursor of the entry behind which reading begins, where there is one and it is known. */
  readonly before?: string;
  /** Cursor of the entry that is read first, unless it is yet to be logged. */
  readonly next?: string;
}

/** A file of the source that cannot be read; its entries are missing from what `read` gives. */
export interface RefusedFile {
  readonly path: string;
  readonly errno: number;
  /** In words. */
  readonly why: string;
}

export interface JournalFiles {
  readonly readable: number;
  readonly refused: readonly RefusedFile[];
}

/** `invalidated`: files came or went by rotation, vacuum or flush. `quiet`: the time is over, or another call came. */
export type JournalNews = 'appended' | 'invalidated' | 'quiet';

/**
 * `unavailable` no libsystemd on this host or no addon, `absent` ENOENT, `denied` EACCES or EPERM, `damaged` not readable
 * as a journal, `invalid` refused before it was tried (options, a cursor's form), `closed` the port was closed, `failed`
 * any other errno.
 */
export type JournalCode = 'unavailable' | 'absent' | 'denied' | 'damaged' | 'invalid' | 'closed' | 'failed';

/** A failure names the errno, 0 where there is none. */
export interface JournalFailure {
  readonly ok: false;
  readonly code: JournalCode;
  readonly public: string;
  readonly errno: number;
}

export type JournalResult<V> = { readonly ok: true; readonly value: V } | JournalFailure;

export interface ReadLimits {
  /** 1..16,384. */
  readonly entries: number;
  /** Of values: the batch ends with the entry that passes it. */
  readonly bytes: number;
}

/**
 * A journal being read, from its head unless sought elsewhere. Every call runs off the event loop on the port's own
 * thread, in the order of the calls. No call throws or rejects.
 */
export interface JournalPort {
  seek(target: JournalTarget): Promise<JournalResult<Landing>>;
  /** The next entries, fewer than asked for when the end is reached, none at the end. Damaged ones are skipped, counted. */
  read(limits?: ReadLimits): Promise<JournalResult<JournalBatch>>;
  /**
   * Sleeps in the kernel until the journal changes. journald tells of what it appended within 250 ms. What came since the
   * last `read` counts, but news is no promise: it may be of entries read already, or of ones that do not match.
   */
  wait(atMost: Millis): Promise<JournalResult<JournalNews>>;
  /** Tries each file of the source by itself: `read` passes over a file it cannot read in silence. */
  files(): Promise<JournalResult<JournalFiles>>;
  /** Ends a wait or read under way, answers what is left with `closed`, and frees thread and files. Idempotent. */
  close(): Promise<void>;
}
