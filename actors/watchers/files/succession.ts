import type { Clock } from '../../../core/base/ports.ts';
import { days, type Millis } from '../../../core/base/time.ts';
import { type FileStat, type FileSystemPort, type OpenFile, sameFile } from './file-system.ts';
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

/** A file that the path of an old one led to while it was still empty. */
export interface Successor {
  /** With every symbolic link resolved. */
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
}

export interface Judgement {
  readonly event: FileEvent;
  /** To be handed in the next time. */
  readonly seen?: Successor;
}

/**
 * Whether the file after an old, still open one has content. An empty successor proves nothing: logrotate creates it
 * before the writer is told, and the writer may go on in the old file for as long as it likes.
 * @param seen the empty successor there was before: it may get its lines and be passed over, when a link is swapped twice
 */
export async function judgeSuccession(
  { fs, clock, siblings }: SuccessionParts,
  path: string,
  old: { readonly file: OpenFile; readonly spot: Spot },
  seen: Successor | undefined,
): Promise<Judgement> {
  const now = await fs.stat(path);
  const id = old.spot.stat;
  if (now.ok && sameFile(now.value, id)) return { event: { type: 'returned' } };
  if (now.ok && (now.value.size > 0 || now.value.kind !== 'file')) return ready(seen);
  if (!now.ok && now.code !== 'absent') return ready(seen);
  if (seen !== undefined && (await hasContent(fs, seen))) return ready(seen);
  const beside = await siblings.find(path);
  if (beside.ok && nextYounger(beside.value.plain, id) !== undefined) return ready(seen);
  if (now.ok) return { event: { type: 'notYet', pathless: false }, ...(await lookedAt(fs, path, now.value)) };
  const left = await old.file.stat();
  const isGone = left.ok && (left.value.links === 0 || clock.now() - left.value.modifiedAt >= ABANDONED_AFTER);
  return { event: isGone ? { type: 'gone' } : { type: 'notYet', pathless: true } };
}

const ready = (seen: Successor | undefined): Judgement => ({
  event: { type: 'ready' },
  ...(seen === undefined ? {} : { seen }),
});

/** Still the same file, and not empty any more. */
async function hasContent(fs: FileSystemPort, seen: Successor): Promise<boolean> {
  const now = await fs.stat(seen.path);
  return now.ok && sameFile(now.value, seen) && now.value.size > 0;
}

async function lookedAt(fs: FileSystemPort, path: string, stat: FileStat): Promise<{ readonly seen?: Successor }> {
  const real = await fs.resolve(path);
  return real.ok ? { seen: { path: real.value, dev: stat.dev, ino: stat.ino } } : {};
}
