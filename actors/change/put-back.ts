import type { ChangeId } from '../../core/change/change.ts';
import type { FileAttributes } from '../../core/change/texts.ts';
import { type ChangeDisk, directoryOf, writeWhole } from './disk.ts';
import type { Snapshot, SnapshotFile } from './port.ts';

export interface PutBackOptions {
  readonly disk: ChangeDisk;
  readonly id: ChangeId;
  /** Whether these bytes at that path are what the change put there. */
  readonly isOurs: (path: string, bytes: Uint8Array) => boolean;
}

/**
 * Puts the files of a snapshot back, each whole or not at all, bytes, mode and owner; done again after a crash it comes to
 * the same end. What another hand wrote during the trial is kept beside it as `PATH.kept-ID`.
 * @returns the paths of what was kept aside
 * @throws errno errors
 */
export async function putBack(snapshot: Snapshot, { disk, id, isOurs }: PutBackOptions): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const file of snapshot.files) {
    const there = await disk.read(file.path);
    const isBack = sameBytes(there, file.content);
    if (!isBack && there !== undefined && !isOurs(file.path, there)) {
      const aside = `${file.path}.kept-${id}`;
      await writeWhole(disk, aside, there, (await disk.attributes(file.path)) ?? file);
      kept.push(aside);
    }
    if (!isBack || !sameAttributes(await disk.attributes(file.path), file)) await put(disk, file);
    else await makeCertain(disk, file);
  }
  return kept;
}

/** Whether every file is as it was in the snapshot, byte for byte. */
export async function isBack(disk: ChangeDisk, snapshot: Snapshot): Promise<boolean> {
  for (const { path, content } of snapshot.files) if (!sameBytes(await disk.read(path), content)) return false;
  return true;
}

async function put(disk: ChangeDisk, { path, content, mode, uid, gid }: SnapshotFile): Promise<void> {
  if (content !== undefined) return await writeWhole(disk, path, content, { mode, uid, gid });
  await disk.remove(path);
  await disk.sync(directoryOf(path));
}

/** It stands there, put back by a process that may have died before it was certain to outlive a power cut. */
async function makeCertain(disk: ChangeDisk, { path, content }: SnapshotFile): Promise<void> {
  if (content !== undefined) await disk.sync(path);
  await disk.sync(directoryOf(path));
}

export const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;

/** A file that is not there has none to differ in. */
const sameAttributes = (there: FileAttributes | undefined, { content, mode, uid, gid }: SnapshotFile): boolean =>
  content === undefined
    ? there === undefined
    : there !== undefined && there.mode === mode && there.uid === uid && there.gid === gid;
