import type { FileAttributes } from '../../core/change/texts.ts';

/**
 * The few file operations of a trial, each of which may be the last before the process is killed or the power fails.
 * Paths are absolute. Every call may reject with errno errors. Only `sync` makes anything durable, and only what it names:
 * a file's bytes, or the names in a directory.
 */
export interface ChangeDisk {
  /** One directory, for its owner alone; there already is fine. */
  makeDirectory(path: string): Promise<void>;
  /** A new file, or new bytes in the one that is there. */
  write(path: string, bytes: Uint8Array, attributes: FileAttributes): Promise<void>;
  /** Of a file or a directory. */
  sync(path: string): Promise<void>;
  /** Of a file over what is there, or of a directory to a name that is free. */
  rename(from: string, to: string): Promise<void>;
  /** A file, or an empty directory; absent is fine. */
  remove(path: string): Promise<void>;
  /** Undefined where there is no file. At most 16 MiB. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Undefined where there is no file. */
  attributes(path: string): Promise<FileAttributes | undefined>;
  /** Sorted names in a directory, undefined where there is none. */
  names(path: string): Promise<readonly string[] | undefined>;
}

/** Of files that only the daemon and a reverter run by root read; `uid` and `gid` are the daemon's own. */
export const PRIVATE_MODE = 0o600;

const ASIDE = '.new';

export const directoryOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** Writes a file so that after a crash at any moment the old bytes or the new stand there whole, and once it resolves the new. */
export async function writeWhole(
  disk: ChangeDisk,
  path: string,
  bytes: Uint8Array,
  attributes: FileAttributes,
): Promise<void> {
  await writeSynced(disk, `${path}${ASIDE}`, bytes, attributes);
  await disk.rename(`${path}${ASIDE}`, path);
  await disk.sync(directoryOf(path));
}

/** The bytes are durable afterwards, the name is not. What a crash left there goes first. */
export async function writeSynced(
  disk: ChangeDisk,
  path: string,
  bytes: Uint8Array,
  attributes: FileAttributes,
): Promise<void> {
  await disk.remove(path);
  await disk.write(path, bytes, attributes);
  await disk.sync(path);
}

/** Removes a file, or a directory with all in it; absent is fine. Not durable: who does not find it gone removes it again. */
export async function removeTree(disk: ChangeDisk, path: string): Promise<void> {
  for (const name of (await disk.names(path)) ?? []) await removeTree(disk, `${path}/${name}`);
  await disk.remove(path);
}
