import type { Failure, Result } from '../../../core/base/result.ts';
import { type FileCode, type FileStat, type FileSystemPort, type OpenFile, sameFile } from './file-system.ts';
import type { Spot } from './identity.ts';
import type { Sibling } from './siblings.ts';

export interface RegularFile {
  readonly kind: 'open';
  readonly file: OpenFile;
  readonly stat: FileStat;
}

export interface Failed {
  readonly kind: 'failed';
  readonly code: FileCode;
  readonly message: string;
}

export type NotOpened =
  | { readonly kind: 'absent' }
  | Failed
  /** Not a regular file. */
  | { readonly kind: 'refused'; readonly message: string };

/** A file that is open at the place where reading is to go on. */
export interface Opened {
  readonly kind: 'opened';
  readonly file: OpenFile;
  readonly spot: Spot;
  /** `rotated`: an older file, to be finished before the one that the path leads to. */
  readonly role: 'current' | 'rotated';
  /** Nobody is expected to write to this rotated file any more: a copy, or untouched for the grace time. */
  readonly settled: boolean;
  /** The place is news and should be made durable before the first line. */
  readonly begun: boolean;
  /** Lines may have been lost before this file, and why; how many cannot be known. */
  readonly gap?: string | undefined;
}

/** Looks before it opens, so that a FIFO's writer or a device sees nothing of us; then looks at what was opened. */
export async function openRegular(fs: FileSystemPort, path: string): Promise<RegularFile | NotOpened> {
  const before = await fs.stat(path);
  if (!before.ok) return notOpened(before);
  if (before.value.kind !== 'file') return refused(path, before.value);
  const file = await fs.open(path);
  if (!file.ok) return notOpened(file);
  const stat = await file.value.stat();
  if (stat.ok && stat.value.kind === 'file') return { kind: 'open', file: file.value, stat: stat.value };
  await file.value.close();
  return stat.ok ? refused(path, stat.value) : failed(stat);
}

/** Opens a file that a listing showed; `raced`: its name means another file by now, or none. */
export async function openListed(fs: FileSystemPort, { path, stat }: Sibling): Promise<RegularFile | Failed | 'raced'> {
  const found = await openRegular(fs, path);
  if (found.kind === 'failed') return found;
  if (found.kind !== 'open') return 'raced';
  if (sameFile(found.stat, stat)) return found;
  await found.file.close();
  return 'raced';
}

/** @param spot where to go on; a failure to find out closes the file */
export async function openedAt(
  file: OpenFile,
  spot: Result<Spot, FileCode>,
  more: Partial<Opened>,
): Promise<Opened | Failed> {
  if (!spot.ok) return giveUp(file, spot);
  return { kind: 'opened', file, spot: spot.value, role: 'current', settled: false, begun: false, ...more };
}

export async function giveUp(file: OpenFile, failure: Failure<FileCode>): Promise<Failed> {
  await file.close();
  return failed(failure);
}

export const failed = ({ code, public: message }: Failure<FileCode>): Failed => ({ kind: 'failed', code, message });

const notOpened = (failure: Failure<FileCode>): NotOpened =>
  failure.code === 'absent' ? { kind: 'absent' } : failed(failure);

function refused(path: string, stat: FileStat): NotOpened {
  const advice =
    stat.kind === 'directory' ? `name the files in it, e.g. ${path}/*.log` : 'only regular files are followed';
  return { kind: 'refused', message: `is a ${stat.kind}, not a regular file: ${advice}` };
}
