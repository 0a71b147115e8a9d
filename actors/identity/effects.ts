import { createHmac, hash } from 'node:crypto';
import { constants, watch as watchFolder } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { Clock } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import type { FilePort } from './files.ts';

/** What identity asks of the machine; tests hand in their own. */
export interface IdentityEffects {
  readonly files: FilePort;
  /** Addresses of this host's interfaces as text, without zones. */
  hostAddresses(): readonly string[];
  /** The first line of a file that only its owner has access to. */
  readSecret(path: string): Promise<Result<string, 'unreadable'>>;
  /** The text of a regular file of at most 256 KiB. */
  readPem(path: string): Promise<Result<string, 'unreadable'>>;
  /**
   * Calls `changed` when something in the files' folders does, possibly more often than that. May miss changes (a folder
   * that is not there, a network file system): who needs to know looks now and then, too. Returns the end of it.
   */
  watch(paths: readonly string[], changed: () => void): () => void;
}

const LARGEST_FILE = 65_536;
const LARGEST_SECRET = 4096;
const LARGEST_PEM = 262_144;

/** SHA-256 of the text in UTF-8, 64 hex digits. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** HMAC-SHA-256 in hex; both arguments are text. */
export const hmacSha256 = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');

/** A Clock as xstate takes it: a timer's handle is its cancel function. */
export const timersOf = (clock: Clock) => ({
  setTimeout: (run: () => void, delay: number) => clock.after(millis(delay), run),
  clearTimeout: (cancel: () => void) => cancel(),
});

/** Networks that this host's interfaces are in. */
export const hostNetworks = (): readonly Cidr[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ cidr }) => {
      const net = parseCidr(cidr ?? '');
      return net.ok ? [net.value] : [];
    }),
  );

/** Files on disk. */
export const systemFiles: FilePort = {
  async makeDirectory(path, mode) {
    const first = await mkdir(path, { recursive: true, mode });
    if (((await stat(path)).mode & 0o777) !== mode) await chmod(path, mode);
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
  },
  read: async (path) => {
    const file = await absentAsUndefined(open(path, 'r'));
    if (file === undefined) return undefined;
    await using handle = file;
    const { size } = await handle.stat();
    if (size > LARGEST_FILE) throw new Error(`${path} is larger than ${LARGEST_FILE} bytes`);
    return await handle.readFile('utf8');
  },
  async create(path, text, mode) {
    await using file = await open(path, 'wx', mode);
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  syncDirectory,
};

export const systemEffects: IdentityEffects = {
  files: systemFiles,
  hostAddresses: () =>
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  readSecret,
  readPem,
  watch: watchFolders,
};

/**
 * The file must be a regular one that nobody but its owner can read or write; checked on the open descriptor, so that it
 * cannot be exchanged in between.
 */
async function readSecret(path: string): Promise<Result<string, 'unreadable'>> {
  try {
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    const refuse = (why: string) => fail('unreadable', `${path} ${why}`);
    if ((mode & 0o170000) !== 0o100000) return refuse('is not a regular file');
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      return refuse(`has mode ${octal}: only its owner may have access (chmod 600)`);
    }
    if (size > LARGEST_SECRET) return refuse(`is larger than ${LARGEST_SECRET} bytes`);
    const [line = ''] = (await file.readFile('utf8')).split('\n');
    return ok(line.trim());
  } catch (cause) {
    return fail('unreadable', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
}

/** Opened without waiting, so that a pipe of that name cannot hold us up. */
async function readPem(path: string): Promise<Result<string, 'unreadable'>> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) return fail('unreadable', `${path} is not a regular file`);
    if (stats.size > LARGEST_PEM) return fail('unreadable', `${path} is larger than ${LARGEST_PEM} bytes`);
    return ok(await file.readFile('utf8'));
  } catch (cause) {
    return fail('unreadable', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
}

/** The folders, not the files: a renewal mostly puts a new file or link in the old one's place. */
function watchFolders(paths: readonly string[], changed: () => void): () => void {
  const watchers = [...new Set(paths.map(dirname))].flatMap((folder) => {
    try {
      const watcher = watchFolder(folder, { persistent: false }, changed);
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

async function absentAsUndefined<V>(opening: Promise<V>): Promise<V | undefined> {
  try {
    return await opening;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
