import type { Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';

export type FileKind =
  | 'file'
  | 'directory'
  | 'symbolic link'
  | 'FIFO'
  | 'socket'
  | 'character device'
  | 'block device'
  | 'unknown';

export interface FileStat {
  readonly kind: FileKind;
  /** Decimal, because 64-bit inode numbers do not fit a JavaScript number. */
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  /** Hard links; 0: deleted, and only open descriptors keep it. */
  readonly links: number;
  readonly modifiedAt: Millis;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, set-uid, set-gid and sticky: at most 0o7777. */
  readonly mode: number;
}

/** Names of this host's accounts, where they have one. */
export interface AccountNames {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/**
 * `absent`: no such name. `denied`: the permissions say no. `descriptors`: this process or the host has none left.
 * `io`: anything else (bad disk, stale NFS handle, loop of links); `Failure.public` has the reason.
 */
export type FileCode = 'absent' | 'denied' | 'descriptors' | 'io';

/** `limit`: inotify instances or watches are used up. `unwatchable`: not there, not allowed, not supported. */
export type WatchCode = 'limit' | 'unwatchable';

export interface OpenFile {
  stat(): Promise<Result<FileStat, FileCode>>;
  /**
   * Fills `into` from byte `at` of the file. Fewer bytes than asked for means that the file ended there.
   * @returns bytes read, 0 at or behind the end
   */
  read(into: Uint8Array, at: number): Promise<Result<number, FileCode>>;
  /** Waits for a read under way; may be called twice. */
  close(): Promise<void>;
}

/** `renamed`: a name came, went or means another file now. `changed`: content or attributes of the named file changed. */
export interface WatchEvent {
  readonly kind: 'renamed' | 'changed';
  /** Name within the watched directory, or of the watched file; absent when the kernel did not say. */
  readonly name?: string;
}

export interface Listed {
  readonly name: string;
  readonly kind: FileKind;
}

/** What the watcher needs of a file system; every path is absolute. */
export interface FileSystemPort {
  /** Follows symbolic links. */
  stat(path: string): Promise<Result<FileStat, FileCode>>;
  /** Of the path itself, also when it is a symbolic link. */
  look(path: string): Promise<Result<FileStat, FileCode>>;
  /** What a symbolic link says, as it stands. */
  readLink(path: string): Promise<Result<string, FileCode>>;
  /** From the local account files alone: accounts of a directory service have numbers only. */
  accountNames(): Promise<AccountNames>;
  /** The path with every symbolic link resolved. */
  resolve(path: string): Promise<Result<string, FileCode>>;
  /** Names of a directory without `.` and `..`, in no order; `kind` is that of the entry itself, links not followed. */
  list(directory: string): Promise<Result<readonly Listed[], FileCode>>;
  /** For reading, following symbolic links; never blocks (FIFO) and never gets a controlling terminal. */
  open(path: string): Promise<Result<OpenFile, FileCode>>;
  /**
   * Tells of changes to a file, or to a directory and the files in it. Events may be coalesced, repeated, late or (network
   * file systems) never come; once the watched thing is deleted none come any more.
   * @returns a function that ends the watch
   */
  watch(path: string, tell: (event: WatchEvent) => void): Result<() => void, WatchCode>;
}

export const sameFile = (
  a: { readonly dev: string; readonly ino: string },
  b: { readonly dev: string; readonly ino: string },
): boolean => a.ino === b.ino && a.dev === b.dev && a.ino !== '';
