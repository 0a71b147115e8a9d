import { type BigIntStats, constants, type Dirent, type Stats, watch } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { type Failure, fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import { millis } from '../../../core/base/time.ts';
import type {
  AccountNames,
  FileCode,
  FileKind,
  FileStat,
  FileSystemPort,
  OpenFile,
  WatchCode,
  WatchEvent,
} from './file-system.ts';

/**
 * Never waits for a FIFO's writer, never makes a terminal ours. Symbolic links are followed: logs often are some, and what
 * was opened is looked at afterwards.
 */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The machine's file system. */
export const openFileSystem = (): FileSystemPort => ({
  stat: (path) => attempt(path, async () => statOf(await stat(path, { bigint: true }))),
  look: (path) => attempt(path, async () => statOf(await lstat(path, { bigint: true }))),
  readLink: (path) => attempt(path, () => readlink(path)),
  accountNames,
  resolve: (path) => attempt(path, () => realpath(path)),
  list: (directory) =>
    attempt(directory, async () => {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    }),
  open: (path) => attempt(path, async () => openFile(path, await open(path, FLAGS))),
  watch: watchPath,
});

const openFile = (path: string, handle: FileHandle): OpenFile => ({
  stat: () => attempt(path, async () => statOf(await handle.stat({ bigint: true }))),
  read: (into, at) => attempt(path, () => fill(handle, into, at)),
  close: () => handle.close().catch(() => {}),
});

/** read(2) may give less than there is, on network file systems mostly. */
async function fill(handle: FileHandle, into: Uint8Array, at: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

function watchPath(path: string, tell: (event: WatchEvent) => void): Result<() => void, WatchCode> {
  try {
    const watcher = watch(path, (kind, name) => {
      tell({ kind: kind === 'rename' ? 'renamed' : 'changed', ...(name === null ? {} : { name }) });
    });
    watcher.on('error', () => watcher.close());
    return ok(() => watcher.close());
  } catch (thrown) {
    const code = codeOf(thrown);
    const isLimit = code === 'ENOSPC' || code === 'EMFILE' || code === 'ENFILE';
    return fail(isLimit ? 'limit' : 'unwatchable', messageOf(thrown), thrown);
  }
}

async function attempt<V>(path: string, run: () => Promise<V>): Promise<Result<V, FileCode>> {
  try {
    return ok(await run());
  } catch (thrown) {
    return explain(path, thrown);
  }
}

async function explain(path: string, thrown: unknown): Promise<Failure<FileCode>> {
  switch (codeOf(thrown)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fail('absent', `${path}: no such file`, thrown);
    case 'EACCES':
    case 'EPERM':
      return fail('denied', await explainDenial(path), thrown);
    case 'EMFILE':
      return fail('descriptors', 'this process has no file descriptor left: raise LimitNOFILE of its unit', thrown);
    case 'ENFILE':
      return fail('descriptors', 'the host has no file descriptor left: raise the sysctl fs.file-max', thrown);
    case undefined:
      throw thrown;
    default:
      return fail('io', messageOf(thrown), thrown);
  }
}

/** Who could read it, so that the operator knows what to change. */
async function explainDenial(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    return 'permission denied: a directory on the way to it may not be entered; run as root, or allow the user to enter it';
  }
  const group = await groupName(found.gid);
  const groupMayRead = (found.mode & 0o040) !== 0;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  return groupMayRead
    ? `permission denied (mode ${mode}): run as root or add the user to group ${group}`
    : `permission denied (mode ${mode}): run as root, or let the group read it: chgrp adm, chmod g+r`;
}

async function groupName(gid: number): Promise<string> {
  return (await namesIn('/etc/group')).get(gid) ?? String(gid);
}

async function accountNames(): Promise<AccountNames> {
  const [users, groups] = await Promise.all([namesIn('/etc/passwd'), namesIn('/etc/group')]);
  return { users, groups };
}

/** passwd(5) and group(5) both begin `name:password:id:`; the first name of an id counts. */
async function namesIn(path: string): Promise<ReadonlyMap<number, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const names = text.split('\n').flatMap((line): [number, string][] => {
    const [name = '', , id = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(id) ? [[Number(id), name]] : [];
  });
  return new Map(names.reverse());
}

const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;

const statOf = (found: BigIntStats): FileStat => ({
  kind: kindOf(found),
  dev: String(found.dev),
  ino: String(found.ino),
  size: Number(found.size),
  links: Number(found.nlink),
  modifiedAt: millis(Number(found.mtimeMs)),
  uid: Number(found.uid),
  gid: Number(found.gid),
  mode: Number(found.mode) & 0o7777,
});

function kindOf(found: BigIntStats | Stats | Dirent): FileKind {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  if (found.isSymbolicLink()) return 'symbolic link';
  if (found.isFIFO()) return 'FIFO';
  if (found.isSocket()) return 'socket';
  if (found.isCharacterDevice()) return 'character device';
  return found.isBlockDevice() ? 'block device' : 'unknown';
}
