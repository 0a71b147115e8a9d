import type { Clock } from '../../../core/base/ports.ts';
import { days, type Millis } from '../../../core/base/time.ts';
import { type FileSystemPort, type OpenFile, sameFile } from './file-system.ts';
import type { Spot } from './identity.ts';
import type { FileEvent } from './machine.ts';
import { nextYounger, type SiblingSearch } from './siblings.ts';

/** A file that lost its path may still be written to for years; without a line in this time it is let go. */
export const ABANDONED_AFTER: Millis = days(1);

export interface SuccessionParts {
  readonly fs: FileSystemPort;
  readonly clock: Clock;
  readonly siblings: SiblingSearch;
}

/**
 * Whether the file after an old, still open one has content. An empty successor proves nothing: logrotate creates it
 * before the writer is told, and the writer may go on in the old file for as long as it likes.
 */
export async function judgeSuccession(
  { fs, clock, siblings }: SuccessionParts,
  path: string,
  old: { readonly file: OpenFile; readonly spot: Spot },
): Promise<FileEvent> {
  const now = await fs.stat(path);
  const id = old.spot.stat;
  if (now.ok && sameFile(now.value, id)) return { type: 'returned' };
  if (now.ok && (now.value.size > 0 || now.value.kind !== 'file')) return { type: 'ready' };
  if (!now.ok && now.code !== 'absent') return { type: 'ready' };
  const beside = await siblings.find(path);
  if (beside.ok && nextYounger(beside.value.plain, id) !== undefined) return { type: 'ready' };
  if (now.ok) return { type: 'notYet', pathless: false };
  const left = await old.file.stat();
  const isGone = left.ok && (left.value.links === 0 || clock.now() - left.value.modifiedAt >= ABANDONED_AFTER);
  return isGone ? { type: 'gone' } : { type: 'notYet', pathless: true };
}
