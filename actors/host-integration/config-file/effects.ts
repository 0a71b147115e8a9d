import { constants } from 'node:fs';
import { access, chmod, chown, type FileHandle, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { LARGEST_CONFIG } from '../../../core/config/read.ts';

/** The machine's name in the form that the `hostname` setting takes; the kernel would allow any bytes. */
export const machineName = (): string =>
  hostname()
    .slice(0, 253)
    .replaceAll(/[^A-Za-z0-9.-]/g, '-')
    .replaceAll(/^[.-]+|[.-]+$/g, '') || 'localhost';

export interface FileOnDisk {
  readonly bytes: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly regular: boolean;
}

/** The file with what it is, read through one handle; at most one byte more than a config may have. @throws errno errors */
export async function readOnDisk(path: string): Promise<FileOnDisk> {
  // O_NONBLOCK: opening a FIFO that nobody writes must not hang; a regular file does not mind.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { mode, uid, gid } = await file.stat();
    const regular = (mode & constants.S_IFMT) === constants.S_IFREG;
    return { bytes: regular ? await readSome(file) : new Uint8Array(), mode: mode & 0o7777, uid, gid, regular };
  } finally {
    await file.close();
  }
}

async function readSome(file: FileHandle): Promise<Uint8Array> {
  const buffer = new Uint8Array(LARGEST_CONFIG + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.slice(0, filled);
}

/** Makes the file with mode 0600, and its directory with 0700, durably. @throws errno errors; EEXIST when it is there */
export async function createDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeNew(path, text, 0o600);
  await syncDirectory(dirname(path));
}

/**
 * Puts a new file in the place of one, or of none: written aside, synced, renamed over it. Just before the rename `isWanted`
 * is asked; if it says no, nothing is replaced. A reader sees the old text or the new one, never a part.
 * @returns whether it was replaced
 * @throws errno errors; nothing is left aside then
 */
export async function replaceDurably(
  path: string,
  { bytes, mode, uid, gid }: Pick<FileOnDisk, 'bytes' | 'mode' | 'uid' | 'gid'>,
  isWanted: () => Promise<boolean>,
): Promise<boolean> {
  const target = await realPath(path);
  const aside = `${target}.new`;
  // What a crash left behind; a second writer is excluded by the store's lock on the same directory.
  await rm(aside, { force: true });
  try {
    await writeNew(aside, bytes, 0o600);
    await chown(aside, uid, gid);
    await chmod(aside, mode);
    const replace = await isWanted();
    if (replace) await rename(aside, target);
    else await rm(aside, { force: true });
    if (replace) await syncDirectory(dirname(target));
    return replace;
  } catch (thrown) {
    await rm(aside, { force: true });
    throw thrown;
  }
}

/** The path without symlinks; as it is where there is no such file. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return path;
    throw thrown;
  }
}

/** What stands there outlives a power cut once this resolves. @throws errno errors */
export async function makeDurable(path: string): Promise<void> {
  const target = await realPath(path);
  const file = await open(target, constants.O_RDONLY);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(target));
}

async function writeNew(path: string, text: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Whether this process may read it: `missing` also where a directory on the way is. */
export async function readability(path: string): Promise<'readable' | 'missing' | 'denied'> {
  try {
    await access(path, constants.R_OK);
    return 'readable';
  } catch (thrown) {
    return errnoOf(thrown) === 'EACCES' ? 'denied' : 'missing';
  }
}

/** `ENOENT` and the like, of an error of the system; undefined for any other. */
export const errnoOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && 'syscall' in thrown ? String(thrown.code) : undefined;
