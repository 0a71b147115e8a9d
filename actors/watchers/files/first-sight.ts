import { sameFile } from './file-system.ts';
import { lastLineEnd, spotAt } from './identity.ts';
import type { LocatorParts } from './locate.ts';
import { type Opened, openedAt, openListed } from './opening.ts';
import type { Cursor } from './port.ts';
import { oldestRotated, type Sibling, youngestFirst } from './siblings.ts';

/** The cursor of a path that led nowhere and had no rotated file beside it: whatever comes is news. */
export const nothingSeen = (path: string): Cursor => ({
  path,
  fingerprint: '',
  offset: 0,
  dev: '',
  ino: '',
  anchor: 0,
});

/**
 * What a path that is absent or without a first line begins behind: the end of the youngest rotated file that has one. The
 * lines before it are not read, and what is rotated from now on is younger. `undefined`: there is none that can be read.
 */
export async function openLeftover(
  { fs, siblings, fingerprintOf, clock, grace }: LocatorParts,
  path: string,
): Promise<Opened | undefined> {
  const beside = await siblings.find(path);
  if (!beside.ok) return undefined;
  for (const leftover of youngestFirst(beside.value.plain)) {
    const found = await openListed(fs, leftover);
    if (found === 'raced' || found.kind === 'failed') return undefined;
    const { file, stat } = found;
    const end = await lastLineEnd(file, stat.size);
    const spot = end.ok ? await spotAt(file, end.value, fingerprintOf) : end;
    if (spot.ok && spot.value.fingerprint !== '') {
      const settled = clock.now() - stat.modifiedAt >= grace;
      const opened = await openedAt(file, spot, { role: 'rotated', settled, begun: true });
      return opened.kind === 'opened' ? opened : undefined;
    }
    await file.close();
  }
  return undefined;
}

/**
 * Where to begin in what was rotated since a cursor without fingerprint was made, when there was nothing to begin behind: with
 * the oldest. Its own file may have been copied before it was renamed, so that is first only under a name that tells no age.
 */
export const firstUnread = (plain: readonly Sibling[], cursor: Cursor): Sibling | undefined =>
  plain.find(({ stat, rotated }) => rotated === undefined && sameFile(stat, cursor)) ?? oldestRotated(plain);
