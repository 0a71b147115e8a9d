import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Damage } from './bytes.ts';
import type { FromSearcher, SearcherSettings, ToSearcher } from './protocol.ts';

/** A file that is read at random. Closed by whoever opened it. */
export interface ReadFile {
  readonly size: number;
  /** @throws Damage where the file ended before when it was opened, errno errors */
  read(at: number, length: number): Buffer;
  close(): void;
}

/** Opens a file to read, synchronously: searching runs on a thread of its own. Undefined where there is none. */
export function openToRead(path: string): ReadFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  const { size } = fstatSync(descriptor);
  return {
    size,
    read: (at, length) => {
      // Asked before there is memory for it: a length that damage made may be anything.
      if (at + length > size) throw new Damage('the file ends before its time');
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const read = readSync(descriptor, bytes, done, length - done, at + done);
        if (read === 0) throw new Damage('the file ends before its time');
        done += read;
      }
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
}

/** Milliseconds of a clock that only runs forward. */
export const elapsed = (): number => performance.now();

/** Lets whatever else waits have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An error of the system, with its errno's name: foreseeable, unlike a bug. */
export const isSystemError = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && 'syscall' in thrown;

/** Names in the directory; none where it is not there. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

/** The directory of segments as the writer uses it. Every call may reject with errno errors. */
export interface SegmentDisk {
  /** Makes the directory, for its owner alone. */
  prepare(): Promise<void>;
  names(): Promise<readonly string[]>;
  /** For what a start has to look at; the whole file. */
  openToRead(name: string): ReadFile | undefined;
  /** Writes at a place, making the file where it is not there. */
  write(name: string, bytes: Uint8Array, at: number): Promise<void>;
  truncate(name: string, length: number): Promise<void>;
  /** What was written, truncated, made, renamed and removed before survives a power cut. */
  sync(names: readonly string[]): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Lets go of the files; the next call opens them again. */
  close(): Promise<void>;
}

/** @param directory its parent must be there */
export function segmentDisk(directory: string): SegmentDisk {
  const handles = new Map<string, FileHandle>();
  const handleOf = async (name: string): Promise<FileHandle> => {
    const there = handles.get(name);
    if (there !== undefined) return there;
    const handle = await open(join(directory, name), 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(join(directory, name), 'wx+', 0o600);
    });
    handles.set(name, handle);
    return handle;
  };
  const release = async (name: string): Promise<void> => {
    const handle = handles.get(name);
    handles.delete(name);
    await handle?.close();
  };
  return {
    prepare: async () => {
      const made = await mkdir(directory, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncDirectory(dirname(made));
    },
    names: () => readdir(directory),
    openToRead: (name) => openToRead(join(directory, name)),
    write: async (name, bytes, at) => {
      const handle = await handleOf(name);
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    },
    truncate: async (name, length) => {
      await (await handleOf(name)).truncate(length);
    },
    sync: async (names) => {
      for (const name of names) await handles.get(name)?.datasync();
      await syncDirectory(directory);
    },
    rename: async (from, to) => {
      await release(from);
      await rename(join(directory, from), join(directory, to));
    },
    remove: async (name) => {
      await release(name);
      await rm(join(directory, name), { force: true });
    },
    close: async () => {
      for (const name of [...handles.keys()]) await release(name);
    },
  };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Room on the file system of a directory, in bytes; what is not for root alone counts. */
export async function roomOf(directory: string): Promise<{ readonly free: number; readonly all: number }> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, all: blocks * bsize };
}

/** Undefined for a file that is gone. */
export async function sizeAndTime(path: string): Promise<{ readonly size: number; readonly at: number } | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : { size: found.size, at: found.mtimeMs };
}

export const removeFile = (path: string): Promise<void> => rm(path, { force: true });

/** The thread that reads. */
export interface SearcherPort {
  post(message: ToSearcher): void;
  terminate(): Promise<void>;
}

export interface SearcherEvents {
  readonly message: (message: FromSearcher) => void;
  /** The thread is gone, and with it what was asked and not answered. */
  readonly dead: (cause: unknown) => void;
}

/** What its heap may grow to: pages of several searches, groups of a count. */
const HEAP_MB = 192;

export function startSearcher(settings: SearcherSettings, events: SearcherEvents): SearcherPort {
  const worker = new Worker(new URL('./searcher.js', import.meta.url), {
    workerData: settings,
    name: 'search',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 16 },
  });
  let stopped = false;
  const die = (cause: unknown): void => {
    if (!stopped) events.dead(cause);
    stopped = true;
  };
  worker.on('message', events.message);
  worker.on('error', die);
  worker.on('exit', (code) => die(new Error(`the search thread ended with code ${code}`)));
  return {
    post: (message) => worker.postMessage(message),
    terminate: async () => {
      stopped = true;
      await worker.terminate();
    },
  };
}
