import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** File names as LevelDB gives them. */
const TABLE = /^\d+\.(?:ldb|sst)$/;
const LOG = /^\d+\.log$/;
const MANIFEST = /^MANIFEST-\d+$/;
const SHADOW = 'bartizan-store-';

export interface Contents {
  readonly current: boolean;
  readonly tables: readonly string[];
  readonly logs: readonly string[];
  /** Bytes in all write-ahead logs. */
  readonly logBytes: number;
  /** Bytes in all files. */
  readonly bytes: number;
}

/** What is in a store's directory; a missing directory is empty. */
export async function contentsOf(directory: string): Promise<Contents> {
  const names = await namesIn(directory);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(directory, name))));
  const total = (of: (name: string) => boolean): number =>
    names.reduce((sum, name, i) => sum + (of(name) ? (sizes[i] ?? 0) : 0), 0);
  return {
    current: names.includes('CURRENT'),
    tables: names.filter((name) => TABLE.test(name)),
    logs: names.filter((name) => LOG.test(name)),
    logBytes: total((name) => LOG.test(name)),
    bytes: total(() => true),
  };
}

/** Makes the directory, for its owner alone, and what leads to it; survives a power cut. */
export async function ensureDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncDirectory(dirname(made));
}

/** The directory under a second name, by hard links: costs no room while the files stand. Only files of a store. */
export async function linkStore(from: string, to: string): Promise<void> {
  await eachFile(from, to, (source, target) => link(source, target));
}

/** A copy that shares nothing, or shares blocks where the file system can. */
export async function copyStore(from: string, to: string): Promise<void> {
  await eachFile(from, to, (source, target) => copyFile(source, target, constants.COPYFILE_FICLONE));
}

/**
 * A second store over the same tables: they are symbolic links, the small files copies, so that LevelDB can open it, do
 * its housekeeping there and leave the original as it is.
 * @returns the directory made under `parent`
 */
export async function shadowStore(from: string, parent: string, limit: number): Promise<string> {
  await removeShadows(parent);
  const shadow = await mkdtemp(join(parent, `${SHADOW}${process.pid}-${await startOf(process.pid)}-`));
  for (const name of await namesIn(from)) {
    const [source, target] = [join(from, name), join(shadow, name)];
    if (TABLE.test(name)) await symlink(source, target);
    else if (LOG.test(name) || MANIFEST.test(name) || name === 'CURRENT') {
      if ((await sizeOf(source)) > limit) throw new Error(`${name} is too large to copy into memory`);
      await copyFile(source, target);
    }
  }
  return shadow;
}

/** What processes that were killed left there: it is memory. */
async function removeShadows(parent: string): Promise<void> {
  for (const name of await namesIn(parent)) {
    const [, pid = '', start = ''] = /^(\d+)-(\d+)-/.exec(name.slice(SHADOW.length)) ?? [];
    if (!name.startsWith(SHADOW) || start === '' || (await startOf(Number(pid))) === start) continue;
    await removeDirectory(join(parent, name)).catch(() => undefined);
  }
}

export async function moveDirectory(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

export const removeDirectory = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true });

/** What LevelDB's repair could not use and moved out of its way. */
export const removeLost = (directory: string): Promise<void> => removeDirectory(join(directory, 'lost'));

export const exists = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined)) !== undefined;

/** Directories beside `directory` whose name begins as its own followed by `infix`, by name. */
export async function siblings(directory: string, infix: string): Promise<readonly string[]> {
  const names = await namesIn(dirname(directory));
  return names
    .filter((name) => name.startsWith(basename(directory) + infix))
    .sort()
    .map((name) => join(dirname(directory), name));
}

/** Bytes a process without privilege may still write there. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Writes a few blocks beside the store and waits for the disk; rejects with what the disk says. */
export async function probeDisk(directory: string): Promise<void> {
  const path = `${directory}.probe-${randomUUID()}`;
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(Buffer.alloc(65_536, 1));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

/** The whole file, in `scratch` when it fits: good until that is used again. */
export async function readWhole(path: string, scratch?: Uint8Array): Promise<Uint8Array> {
  if (scratch === undefined || (await sizeOf(path)) > scratch.length) return readFile(path);
  const file = await open(path, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < scratch.length; length += read) {
      read = (await file.read(scratch, length)).bytesRead;
    }
    return scratch.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Writes a file anew under its name, whole or not at all; without contents it is taken away. */
export async function replaceFile(path: string, contents: Uint8Array | undefined): Promise<void> {
  if (contents === undefined) {
    await rm(path, { force: true });
    return;
  }
  const unfinished = `${path}.unfinished`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

/**
 * Says, by a file beside the store, that this process uses it, and looks whether another living one says so. Of two that
 * start at the same moment at least one sees the other, which LevelDB's lock cannot give: much is done before it is taken.
 * @throws with code `LEVEL_LOCKED`
 */
export async function claimStore(directory: string): Promise<void> {
  const own = `${directory}.user-${process.pid}-${await startOf(process.pid)}`;
  await ensureDirectory(dirname(directory));
  const mark = await open(own, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? lockedBy(process.pid) : error;
  });
  await mark.close();
  for (const other of await siblings(directory, '.user-')) {
    const [, pid = '', start = ''] = /-(\d+)-(\d+)$/.exec(other) ?? [];
    if (other === own) continue;
    if ((await startOf(Number(pid))) !== start) await rm(other, { force: true });
    else {
      await rm(own, { force: true });
      throw lockedBy(Number(pid));
    }
  }
}

export const unclaimStore = async (directory: string): Promise<void> =>
  rm(`${directory}.user-${process.pid}-${await startOf(process.pid)}`, { force: true });

export const lockedBy = (pid: number): Error =>
  Object.assign(new Error(`in use by ${pid > 0 ? `process ${pid}` : 'another process'}`), { code: 'LEVEL_LOCKED' });

/** When the process started, in the kernel's ticks since boot: tells it from a later one with the same id. */
async function startOf(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
}

/** Process id of who holds the store's lock, where the kernel tells (0: outside our PID namespace). */
export async function lockHolder(directory: string): Promise<number | undefined> {
  const [locks, file] = await Promise.all([
    readFile('/proc/locks', 'utf8').catch(() => ''),
    stat(join(directory, 'LOCK'), { bigint: true }).catch(() => undefined),
  ]);
  if (file === undefined) return undefined;
  const place = `${deviceName(file.dev)}:${file.ino}`;
  const line = [...locks.matchAll(/POSIX +ADVISORY +WRITE +(\d+) ([0-9a-f]+:[0-9a-f]+:\d+) /g)].find(
    (l) => l[2] === place,
  );
  return line === undefined ? undefined : Number(line[1]);
}

/** `major:minor` as /proc/locks writes them, of a device number as stat(2) packs it. */
function deviceName(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
}

async function eachFile(from: string, to: string, act: (source: string, target: string) => Promise<void>) {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await namesIn(from)) {
    if ((await lstat(join(from, name))).isFile() && name !== 'LOCK') await act(join(from, name), join(to, name));
  }
}

const namesIn = (directory: string): Promise<string[]> =>
  readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });

/** 0 for a file that went away in the meantime: LevelDB deletes its own as it goes. */
const sizeOf = async (path: string): Promise<number> => (await lstat(path).catch(() => ({ size: 0 }))).size;

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}
