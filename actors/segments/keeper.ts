import { join } from 'node:path';
import { namesIn, removeFile, roomOf, sizeAndTime } from './effects.ts';
import { overdue, type RetentionSettings, type SealedFile } from './retention.ts';
import { readName } from './segment-file.ts';

/** What lies in the directory. */
export interface Inventory {
  readonly segments: number;
  readonly bytes: number;
  readonly sealed: readonly SealedFile[];
}

/** Files that go away meanwhile are left out. @throws errno errors */
export async function inventoryOf(directory: string): Promise<Inventory> {
  const sealed: SealedFile[] = [];
  const segments = new Set<number>();
  let bytes = 0;
  for (const name of namesIn(directory)) {
    const read = readName(name);
    const found = read === undefined ? undefined : await sizeAndTime(join(directory, name));
    if (read === undefined || found === undefined) continue;
    segments.add(read.segment);
    bytes += found.size;
    if (read.kind === 'events') sealed.push({ segment: read.segment, name, ...found });
  }
  return { segments: segments.size, bytes, sealed };
}

/** Drops what is overdue. @returns what is left, and how many segments went @throws errno errors */
export async function tidy(
  directory: string,
  settings: RetentionSettings,
  now: number,
): Promise<Inventory & { readonly dropped: readonly SealedFile[] }> {
  const inventory = await inventoryOf(directory);
  const disk = inventory.segments === 0 ? { free: 0, all: 0 } : await roomOf(directory);
  const dropped = overdue({ ...inventory, now, disk }, settings);
  for (const { name } of dropped) await removeFile(join(directory, name));
  const gone = new Set(dropped);
  return {
    segments: inventory.segments - dropped.length,
    bytes: inventory.bytes - dropped.reduce((sum, { size }) => sum + size, 0),
    sealed: inventory.sealed.filter((file) => !gone.has(file)),
    dropped,
  };
}
