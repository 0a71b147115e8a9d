import type { Clock } from '../../../core/base/ports.ts';
import { type Failure, ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { type FileCode, type FileStat, type FileSystemPort, type OpenFile, sameFile } from './file-system.ts';
import { type FingerprintOf, lastLineEnd, type Spot, spotAt, spotOf } from './identity.ts';
import type { Cursor, FileEntry } from './port.ts';
import { nextYounger, type Sibling, type SiblingSearch } from './siblings.ts';

/** Where reading is to go on. */
export type Place =
  /** Nothing is known of the path; the file, if there is one, was there first. */
  | { readonly kind: 'first'; readonly start: FileEntry['start'] }
  /** The file came later: from its beginning. */
  | { readonly kind: 'beginning' }
  /** Read up to here. */
  | { readonly kind: 'at'; readonly cursor: Cursor }
  /** This file, rotated or deleted, is finished and still held open: its successor, from the beginning. */
  | { readonly kind: 'after'; readonly cursor: Cursor };

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
  readonly gap?: string;
}

export type Located =
  | Opened
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

export interface LocatorParts {
  readonly fs: FileSystemPort;
  readonly clock: Clock;
  readonly siblings: SiblingSearch;
  readonly fingerprintOf: FingerprintOf;
  readonly grace: Millis;
  /** How far a file was read that another path led to before: renamed within what a glob matches. */
  readonly known: (stat: FileStat) => Cursor | undefined;
}

/** A name changed its meaning between two calls this many times in a row: try again later. */
const RACES = 3;

/**
 * Finds the file to read next, and the place in it.
 *
 * Resume rules, for a path read up to a cursor:
 * 1. The path leads to a file with the cursor's first line, at least as long as the cursor's offset, and with the same
 *    bytes before it: go on there. A new inode alone does not matter (copied, restored), unless the file with the
 *    cursor's inode lies beside it under a rotated name: then that one is finished first.
 * 2. Otherwise the file was rotated or truncated: the rotated file beside it, uncompressed, is looked for, by inode and
 *    then by content, and finished from the cursor's offset.
 * 3. Rotated files younger than a finished one come next, oldest first, each whole; then the path's file, whole.
 * 4. No rotated file, or only compressed ones: the path's file is read whole, and `gap` says that lines may be lost.
 */
export class Locator {
  readonly #parts: LocatorParts;

  constructor(parts: LocatorParts) {
    this.#parts = parts;
  }

  async locate(path: string, place: Place): Promise<Located> {
    switch (place.kind) {
      case 'first':
      case 'beginning':
        return this.#begin(path, place);
      case 'at':
        return this.#resume(path, place.cursor);
      case 'after':
        return this.#succeed(path, place.cursor);
    }
  }

  async #begin(path: string, place: Place & { kind: 'first' | 'beginning' }): Promise<Located> {
    const current = await this.#open(path);
    if (current.kind !== 'open') return current;
    const { file, stat } = current;
    const known = this.#parts.known(stat);
    if (known !== undefined) {
      const spot = await spotOf(file, known, this.#parts.fingerprintOf);
      if (!spot.ok) return giveUp(file, spot);
      if (spot.value !== undefined) return opened(file, spot.value, { begun: true });
    }
    const atEnd = place.kind === 'first' && place.start === 'end';
    const offset = atEnd ? await lastLineEnd(file, stat.size) : ok(0);
    return offset.ok ? this.#beginAt(file, offset.value) : giveUp(file, offset);
  }

  async #resume(path: string, cursor: Cursor): Promise<Located> {
    const current = await this.#open(path);
    if (current.kind === 'failed' || current.kind === 'refused') return current;
    const file = current.kind === 'open' ? current.file : undefined;
    const spot = file === undefined ? undefined : await spotOf(file, cursor, this.#parts.fingerprintOf);
    if (file !== undefined && spot?.ok === false) return giveUp(file, spot);
    const here = spot?.ok === true ? spot.value : undefined;
    if (file !== undefined && here?.stat.ino === cursor.ino) return opened(file, here, {});
    const rotated = await this.#findRotated(path, cursor, here !== undefined);
    if (rotated.kind !== 'none') {
      await file?.close();
      return rotated;
    }
    if (current.kind !== 'open') return current;
    if (here !== undefined) return opened(current.file, here, { begun: true });
    const truncated = current.stat.ino === cursor.ino;
    return this.#beginAt(current.file, 0, gapText(truncated, cursor, rotated.compressed));
  }

  /** @param byInodeOnly the path's own file would do as well: only the very file the cursor was made for is better */
  async #findRotated(
    path: string,
    cursor: Cursor,
    byInodeOnly: boolean,
  ): Promise<Located | { kind: 'none'; compressed: readonly string[] }> {
    for (let race = 0; race < RACES; race++) {
      const siblings = await this.#parts.siblings.find(path);
      if (!siblings.ok) return siblings.code === 'absent' ? { kind: 'none', compressed: [] } : failed(siblings.public);
      const { plain, compressed } = siblings.value;
      const own = plain.filter(({ stat }) => sameFile(stat, cursor));
      const rest = plain.filter(({ stat, rotated }) => rotated !== undefined && !sameFile(stat, cursor));
      const byContent = byInodeOnly || cursor.fingerprint === '' ? [] : rest;
      const found = await this.#firstThatContinues([...own, ...byContent], cursor);
      if (found === 'none') return { kind: 'none', compressed };
      if (found !== 'raced') return found;
    }
    return failed('its rotated files are being renamed');
  }

  async #firstThatContinues(candidates: readonly Sibling[], cursor: Cursor): Promise<Located | 'none' | 'raced'> {
    for (const candidate of candidates) {
      const found = await this.#open(candidate.path);
      if (found.kind !== 'open' || !sameFile(found.stat, candidate.stat)) {
        if (found.kind === 'open') await found.file.close();
        if (found.kind === 'failed') return found;
        return 'raced';
      }
      const spot = await spotOf(found.file, cursor, this.#parts.fingerprintOf);
      if (!spot.ok) return giveUp(found.file, spot);
      if (spot.value !== undefined) {
        const isCopy = !sameFile(found.stat, cursor);
        return opened(found.file, spot.value, { role: 'rotated', settled: isCopy || this.#isQuiet(found.stat) });
      }
      await found.file.close();
    }
    return 'none';
  }

  /**
   * The path's file is opened before the siblings are listed: when the listing then shows no younger one, no rotation can
   * have come between the finished file and the opened one.
   */
  async #succeed(path: string, before: Cursor): Promise<Located> {
    for (let race = 0; race < RACES; race++) {
      const current = await this.#open(path);
      const file = current.kind === 'open' ? current.file : undefined;
      const siblings = await this.#parts.siblings.find(path);
      if (!siblings.ok && siblings.code !== 'absent') {
        await file?.close();
        return failed(siblings.public);
      }
      const younger = siblings.ok ? nextYounger(siblings.value.plain, before) : undefined;
      if (current.kind === 'open' && sameFile(current.stat, before)) return this.#goOn(current.file, before);
      if (younger === undefined || (current.kind === 'open' && sameFile(current.stat, younger.stat))) {
        return current.kind === 'open' ? this.#beginAt(current.file, 0) : current;
      }
      await file?.close();
      const next = await this.#open(younger.path);
      if (next.kind === 'open' && sameFile(next.stat, younger.stat)) return this.#beginRotated(next.file, next.stat);
      if (next.kind === 'open') await next.file.close();
      if (next.kind === 'failed') return next;
    }
    return failed('its rotated files are being renamed');
  }

  /** The finished file came back to the path, or another got its inode. */
  async #goOn(file: OpenFile, cursor: Cursor): Promise<Located> {
    const spot = await spotOf(file, cursor, this.#parts.fingerprintOf);
    if (!spot.ok) return giveUp(file, spot);
    return spot.value === undefined ? this.#beginAt(file, 0) : opened(file, spot.value, {});
  }

  async #beginAt(file: OpenFile, offset: number, gap?: string): Promise<Located> {
    const spot = await spotAt(file, offset, this.#parts.fingerprintOf);
    return settle(file, spot, gap === undefined ? { begun: true } : { begun: true, gap });
  }

  async #beginRotated(file: OpenFile, stat: FileStat): Promise<Located> {
    const spot = await spotAt(file, 0, this.#parts.fingerprintOf);
    return settle(file, spot, { role: 'rotated', settled: this.#isQuiet(stat), begun: true });
  }

  #isQuiet(stat: FileStat): boolean {
    return this.#parts.clock.now() - stat.modifiedAt >= this.#parts.grace;
  }

  /** Looks before it opens, so that a FIFO's writer or a device sees nothing of us; then looks at what was opened. */
  async #open(path: string): Promise<Exclude<Located, Opened> | { kind: 'open'; file: OpenFile; stat: FileStat }> {
    const before = await this.#parts.fs.stat(path);
    if (!before.ok) return before.code === 'absent' ? { kind: 'absent' } : failed(before.public);
    if (before.value.kind !== 'file') return refused(path, before.value);
    const file = await this.#parts.fs.open(path);
    if (!file.ok) return file.code === 'absent' ? { kind: 'absent' } : failed(file.public);
    const stat = await file.value.stat();
    if (stat.ok && stat.value.kind === 'file') return { kind: 'open', file: file.value, stat: stat.value };
    await file.value.close();
    return stat.ok ? refused(path, stat.value) : failed(stat.public);
  }
}

const opened = (file: OpenFile, spot: Spot, more: Partial<Opened>): Opened => ({
  kind: 'opened',
  file,
  spot,
  role: 'current',
  settled: false,
  begun: false,
  ...more,
});

const failed = (message: string): Located & { kind: 'failed' } => ({ kind: 'failed', message });

const settle = async (file: OpenFile, spot: Result<Spot, FileCode>, more: Partial<Opened>): Promise<Located> =>
  spot.ok ? opened(file, spot.value, more) : giveUp(file, spot);

async function giveUp(file: OpenFile, failure: Failure<FileCode>): Promise<Located> {
  await file.close();
  return failed(failure.public);
}

function refused(path: string, stat: FileStat): Located & { kind: 'refused' } {
  const advice =
    stat.kind === 'directory' ? `name the files in it, e.g. ${path}/*.log` : 'only regular files are followed';
  return { kind: 'refused', message: `is a ${stat.kind}, not a regular file: ${advice}` };
}

function gapText(truncated: boolean, cursor: Cursor, compressed: readonly string[]): string {
  const what = `lines written behind byte ${cursor.offset} of the former content may be lost`;
  const copy = compressed.length > 0 ? `only compressed rotated files (${compressed.at(-1)})` : 'no rotated file';
  return truncated
    ? `truncated in place, and ${copy} beside it holds the rest: ${what}`
    : `replaced by another file, and ${copy} beside it holds the rest: ${what}`;
}
