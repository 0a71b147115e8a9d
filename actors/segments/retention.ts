import type { Millis } from '../../core/base/time.ts';

export interface RetentionSettings {
  /** Events are kept that long; `never` drops none for its age. */
  readonly keepFor: Millis | 'never';
  /** All segments together. */
  readonly maxBytes: number;
  /** Share of the file system that is left free, 0 .. 1. */
  readonly keepFree: number;
}

export interface SealedFile {
  readonly segment: number;
  readonly name: string;
  readonly size: number;
  /** When it was sealed. */
  readonly at: number;
}

export interface RetentionState {
  readonly now: number;
  /** The sealed segments, in any order. */
  readonly sealed: readonly SealedFile[];
  /** Bytes in all files, the open segment's too. */
  readonly bytes: number;
  readonly disk: { readonly free: number; readonly all: number };
}

/**
 * Which segments go: the oldest first, until none is past its age, the rest is within the bytes, and the disk has its
 * share free. The newest sealed one stays with the open one: it may be where a restart goes on.
 */
export function overdue(
  { now, sealed, bytes, disk }: RetentionState,
  { keepFor, maxBytes, keepFree }: RetentionSettings,
): readonly SealedFile[] {
  const oldestFirst = [...sealed].sort((a, b) => a.segment - b.segment).slice(0, -1);
  const drop: SealedFile[] = [];
  let left = bytes;
  let { free } = disk;
  for (const file of oldestFirst) {
    const isOld = keepFor !== 'never' && file.at + keepFor <= now;
    if (!isOld && left <= maxBytes && free >= disk.all * keepFree) break;
    drop.push(file);
    left -= file.size;
    free += file.size;
  }
  return drop;
}
