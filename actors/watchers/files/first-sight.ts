import { sameFile } from './file-system.ts';
import { lastLineEnd, spotAt } from './identity.ts';
import type { LocatorParts, Place } from './locate.ts';
import { type Opened, openedAt, openListed } from './opening.ts';
import type { Cursor } from './port.ts';
import { nextYounger, oldestRotated, type Sibling, type SiblingSearch, youngestFirst } from './siblings.ts';

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

/** It names content, or is behind a file: better than the place in a file that has no first line yet. */
export const isBehindContent = (place: Place): boolean =>
  place.kind === 'after' || (place.kind === 'at' && place.cursor.fingerprint !== '');

/**
 * Whether a file that had no first line when it was opened under its path, and lost that, may have had lines in between that
 * were copied away and cut off: there is a rotated file to be read before it.
 */
export async function mayHaveCopy(
  siblings: SiblingSearch,
  path: string,
  place: Place,
  { role, spot }: Opened,
): Promise<boolean> {
  if (role === 'rotated' || spot.fingerprint !== '' || !('cursor' in place)) return false;
  const beside = await siblings.find(path);
  if (!beside.ok) return false;
  const { plain } = beside.value;
  return (isBehindContent(place) ? nextYounger(plain, place.cursor) : oldestRotated(plain)) !== undefined;
}
