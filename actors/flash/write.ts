import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Bmap, extentOf, mappedBytes } from '../../core/image/bmap.ts';
import { mediumOf, type Target } from './machine.ts';
import type { Progress } from './progress.ts';
import { mappedParts, unpacked } from './source.ts';

const run = promisify(execFile);
/** The partition table and what boots: written last, so that nothing half written looks like a disk. */
const HEAD = 1 << 20;
const READ = 4 << 20;

export interface Written {
  readonly bytes: number;
  /** False where the device's cache could not be emptied: then what was read back may not come from the medium. */
  readonly isReadFromMedium: boolean;
}

/**
 * Writes the mapped ranges of an image and reads them back. Until all of the rest is on the medium its first megabyte is
 * empty. A file that was made for it is gone again when it fails.
 * @returns `failed` with what is wrong; a device is not bootable then, or it is said that it may be
 */
export async function writeImage(
  path: string,
  bmap: Bmap,
  target: Target,
  progress: Progress,
): Promise<Result<Written, 'failed'>> {
  let file: FileHandle | undefined;
  try {
    file = await open(target.path, target.flags, 0o644);
    if (target.kind === 'device' && (await mediumOf((await file.stat()).rdev)) !== target.medium) {
      return fail('failed', `${target.path} is another disk than the one that was looked at; nothing was written`);
    }
    await copied(path, bmap, file, target, progress);
    const isReadFromMedium = await cacheEmptied(target);
    const trouble = await readBack(bmap, file, progress);
    if (trouble !== undefined) {
      const left = await unmade(file, bmap, target).then(
        () => '',
        (cause: unknown) => `; its head could not be emptied, so it may boot all the same: ${messageOf(cause)}`,
      );
      return fail('failed', `${target.path}: ${trouble}${left}`);
    }
    return ok({ bytes: mappedBytes(bmap), isReadFromMedium });
  } catch (cause) {
    if (file !== undefined && target.kind === 'new-file') await unlink(target.path).catch(() => undefined);
    return fail('failed', `${target.path}: ${reasonOf(cause)}`, cause);
  } finally {
    await file?.close();
  }
}

/** What is known to be bad does not boot, whoever missed the message. */
async function unmade(file: FileHandle, { imageSize }: Bmap, { kind, path }: Target): Promise<void> {
  if (kind === 'new-file') return unlink(path);
  await written(file, Buffer.alloc(Math.min(HEAD, imageSize)), 0);
  await file.sync();
}

const reasonOf = (cause: unknown): string =>
  messageOf(cause).startsWith('EBUSY') ? 'somebody uses it (EBUSY)' : messageOf(cause);

async function copied(path: string, bmap: Bmap, file: FileHandle, target: Target, progress: Progress): Promise<void> {
  if (target.kind !== 'device') {
    await file.truncate(0);
    await file.truncate(bmap.imageSize);
  }
  const head = Buffer.alloc(Math.min(HEAD, bmap.imageSize));
  await written(file, head, 0);
  await withoutOldTable(file, bmap, target);
  const total = mappedBytes(bmap);
  let done = 0;
  for await (const { bytes, offset } of mappedParts(unpacked(path), bmap)) {
    const held = Math.max(0, Math.min(bytes.length, HEAD - offset));
    if (held > 0) bytes.copy(head, offset, 0, held);
    await written(file, bytes.subarray(held), offset + held);
    done += bytes.length;
    progress('write', done, total);
  }
  await file.sync();
  await written(file, head, 0);
  await file.sync();
}

/** The spare copy of an older partition table at the end of a larger disk would be a second truth. */
async function withoutOldTable(file: FileHandle, { imageSize }: Bmap, { kind, capacity }: Target): Promise<void> {
  const length = Math.min(HEAD, capacity - imageSize);
  if (kind === 'device' && length > 0) await written(file, Buffer.alloc(length), capacity - length);
}

async function written(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
}

async function cacheEmptied({ kind, path }: Target): Promise<boolean> {
  if (kind !== 'device') return true;
  return run('blockdev', ['--flushbufs', path], { timeout: 60_000 }).then(
    () => true,
    () => false,
  );
}

async function readBack(bmap: Bmap, file: FileHandle, progress: Progress): Promise<string | undefined> {
  const buffer = Buffer.alloc(READ);
  const total = mappedBytes(bmap);
  let done = 0;
  for (const range of bmap.ranges) {
    const [start, end] = extentOf(range, bmap);
    const hash = createHash('sha256');
    for (let at = start; at < end; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(READ, end - at), at);
      if (bytesRead === 0) return `it ends at byte ${at}`;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      done += bytesRead;
      progress('verify', done, total);
    }
    if (hash.digest('hex') !== range.sha256) {
      return `bytes ${start} to ${end} read back differ from what was written; the medium is not to be trusted`;
    }
  }
  return undefined;
}
