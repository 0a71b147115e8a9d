import type { Result } from '../../core/base/result.ts';
import type { FaultKind } from './fault.ts';
import type { Range } from './port.ts';

/** JSON, or bytes. */
export type Content = string | Uint8Array;

/** What to write, or a key to delete. */
export type TextOp = readonly [key: string, text?: Content | undefined];

/** An open LevelDB. Every method rejects with what `faultOf` can sort. */
export interface Base {
  get(key: string): Promise<string | undefined>;
  /** The same, as it lies on the disk. */
  getRaw(key: string): Promise<Uint8Array | undefined>;
  /** A snapshot from this call on, `limit` not applied. Close it. */
  iterate(range: Range): BaseIterator;
  /** All or nothing. After a rejection nothing more may be written through this handle: its log may end in half a record. */
  write(ops: readonly TextOp[], sync: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface BaseIterator {
  /** The next entries, at most `count`; empty at the end. */
  next(count: number): Promise<readonly (readonly [key: string, text: string])[]>;
  close(): Promise<void>;
}

/** `ok`: as it was left. `new`: there was none. Else what was found and done about it. */
export interface Opened {
  readonly base: Base;
  readonly state: 'new' | 'ok' | 'repaired' | 'replaced';
  readonly message?: string;
  /** Directory that holds the store as it was found. */
  readonly copy?: string;
}

/** Where the store lives. */
export interface Disk {
  /**
   * Opens for reading and writing; repairs what is damaged. A failure loses nothing. `thorough` reads every record, for
   * when one was met that was not what had been written.
   */
  open(options?: { readonly thorough?: boolean }): Promise<Result<Opened, FaultKind>>;
  /** The records of a store that cannot be opened for writing, without touching its disk. `undefined`: not even that. */
  openReadable(): Promise<Base | undefined>;
  /** Whether the disk takes writes and has room for `bytes` more. */
  writable(bytes: number): Promise<Result<void, FaultKind>>;
  /** No base is open any more: others may have the store. Never rejects. */
  close(): Promise<void>;
  /** Bytes the store occupies; 0 when that cannot be told. */
  bytes(): Promise<number>;
}
