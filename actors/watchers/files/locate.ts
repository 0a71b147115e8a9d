import type { Clock } from '../../../core/base/ports.ts';
import { type Failure, ok } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { type FileCode, type FileStat, type FileSystemPort, type OpenFile, sameFile } from './file-system.ts';
import { firstUnread, openLeftover } from './first-sight.ts';
import { type FingerprintOf, lastLineEnd, spotAt, spotOf } from './identity.ts';
import {
  type Failed,
  giveUp,
  type NotOpened,
  type Opened,
  openedAt,
  openListed,
  openRegular,
  type RegularFile,
} from './opening.ts';
import type { Cursor, FileEntry } from './port.ts';
import { nextYounger, type Sibling, type SiblingSearch } from './siblings.ts';
import type { Successor } from './succession.ts';

/** Where reading is to go on. */
export type Place =
  /** Nothing is known of the path; the file, if there is one, was there first. */
  | { readonly kind: 'first'; readonly start: FileEntry['start'] }
  /** The file came later: from its beginning. */
  | { readonly kind: 'beginning' }
  /** Read up to here. */
  | { readonly kind: 'at'; readonly cursor: Cursor }
  /**
   * This file, rotated or deleted, is finished and still held open: its successor, from the beginning.
   * `next`: the path led to that one while it was empty.
   */
  | { readonly kind: 'after'; readonly cursor: Cursor; readonly next?: Successor };

export type Located = Opened | NotOpened;

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
 * 4. A file that the path led to in between comes before that, though it is named like none: a link was swapped twice.
 * 5. A rotated file with the cursor's inode but other content was truncated before it was renamed: it is read whole.
 * 6. No rotated file, only compressed ones, or none that may be read: the path's file is read whole.
 * In 5 and 6, `gap` says that lines may be lost.
 *
 * At the first sight of a path, what was rotated before is not read. A file that has no first line yet cannot be told from
 * what is later copied away from it: then the end of the youngest rotated file is the place, and where there is none, the
 * place has no fingerprint, and:
 * 7. From a place without fingerprint every rotated file is read whole, beginning with the oldest.
 */
export class Locator {
  readonly #parts: LocatorParts;

  constructor(parts: LocatorParts) {
    this.#parts = parts;
  }

  async locate(path: string, place: Place): Promise<Located> {
    switch (place.kind) {
      case 'first':
        return this.#begin(path, place.start);
      case 'beginning':
        return this.#begin(path, 'beginning');
      case 'at':
        return this.#resume(path, place.cursor);
      case 'after':
        return (await this.#openPassed(path, place.next)) ?? this.#succeed(path, place.cursor);
    }
  }

  async #begin(path: string, start: FileEntry['start']): Promise<Located> {
    const { fs, fingerprintOf } = this.#parts;
    const current = await openRegular(fs, path);
    if (current.kind === 'absent') return (await openLeftover(this.#parts, path)) ?? current;
    if (current.kind !== 'open') return current;
    const { file, stat } = current;
    const opened = await this.#openKnown(current, {});
    if (opened !== undefined) return opened;
    const offset = start === 'end' ? await lastLineEnd(file, stat.size) : ok(0);
    if (!offset.ok) return giveUp(file, offset);
    const spot = await spotAt(file, offset.value, fingerprintOf);
    const leftover = spot.ok && spot.value.fingerprint === '' ? await openLeftover(this.#parts, path) : undefined;
    if (leftover === undefined) return openedAt(file, spot, { begun: true });
    await file.close();
    return leftover;
  }

  /** A file that was read under another path, where that ended. */
  async #openKnown(
    { file, stat }: Pick<RegularFile, 'file' | 'stat'>,
    more: Partial<Opened>,
  ): Promise<Opened | Failed | undefined> {
    const cursor = this.#parts.known(stat);
    if (cursor === undefined) return undefined;
    const spot = await spotOf(file, cursor, this.#parts.fingerprintOf);
    if (!spot.ok) return giveUp(file, spot);
    return spot.value === undefined ? undefined : openedAt(file, ok(spot.value), { begun: true, ...more });
  }

  /** Rule 7. */
  async #resumeUnread(path: string, cursor: Cursor): Promise<Located> {
    for (let race = 0; race < RACES; race++) {
      const current = await this.#openCurrent(path);
      if (current.kind === 'failed' || current.kind === 'refused') return current;
      const beside = await this.#parts.siblings.find(path);
      const first = beside.ok ? firstUnread(beside.value.plain, cursor) : undefined;
      if (first === undefined) return current.kind === 'opened' ? this.#beginUnread(current, cursor) : current;
      if (current.kind === 'opened') await current.file.close();
      const rotated = await openListed(this.#parts.fs, first);
      if (rotated === 'raced') continue;
      if (rotated.kind === 'open') {
        const more = { role: 'rotated', settled: this.#isQuiet(rotated.stat) } as const;
        return (await this.#openKnown(rotated, more)) ?? this.#beginRotated(rotated, undefined);
      }
      if (rotated.code === 'descriptors') return rotated;
      return this.#passOver(path, cursor, first, rotated);
    }
    return RACING;
  }

  async #beginUnread(current: Opened, cursor: Cursor): Promise<Located> {
    const { file, spot } = current;
    const isReplaced = cursor.ino !== '' && spot.stat.ino !== cursor.ino;
    const gap = isReplaced ? gapText('replaced by another file', 'no rotated file', cursor) : undefined;
    return (await this.#openKnown({ file, stat: spot.stat }, {})) ?? { ...current, gap };
  }

  async #resume(path: string, cursor: Cursor): Promise<Located> {
    if (cursor.fingerprint === '') return this.#resumeUnread(path, cursor);
    const { fs, fingerprintOf } = this.#parts;
    const current = await openRegular(fs, path);
    if (current.kind === 'failed' || current.kind === 'refused') return current;
    if (current.kind === 'absent') {
      const rotated = await this.#findRotated(path, cursor);
      return rotated.kind === 'none' ? current : rotated;
    }
    const { file, stat } = current;
    const spot = await spotOf(file, cursor, fingerprintOf);
    if (!spot.ok) return giveUp(file, spot);
    const isSameInode = stat.ino === cursor.ino;
    if (spot.value !== undefined && isSameInode) return openedAt(file, ok(spot.value), {});
    const rotated =
      spot.value === undefined ? await this.#findRotated(path, cursor) : await this.#findRenamed(path, cursor);
    if (rotated.kind !== 'none') {
      await file.close();
      return rotated;
    }
    if (spot.value !== undefined) return openedAt(file, ok(spot.value), { begun: true });
    return this.#beginCurrent(
      file,
      gapText(isSameInode ? 'truncated in place' : 'replaced by another file', rotated.why, cursor),
    );
  }

  /** Rule 1: the path's own file would do as well, so only the very file the cursor was made for is better. */
  async #findRenamed(path: string, cursor: Cursor): Promise<Opened | Failed | NoneFound> {
    return this.#retryRaces(async () => {
      const siblings = await this.#parts.siblings.find(path);
      if (!siblings.ok) return noneFor(siblings);
      return this.#continueIn(
        siblings.value.plain.filter(({ stat }) => sameFile(stat, cursor)),
        cursor,
      );
    });
  }

  /** Rules 2 and 5. */
  async #findRotated(path: string, cursor: Cursor): Promise<Opened | Failed | NoneFound> {
    return this.#retryRaces(async () => {
      const siblings = await this.#parts.siblings.find(path);
      if (!siblings.ok) return noneFor(siblings);
      const { plain, compressed } = siblings.value;
      const own = plain.find(({ stat }) => sameFile(stat, cursor));
      const others = plain.filter((one) => one !== own && one.rotated !== undefined);
      const found = await this.#continueIn(own === undefined ? others : [own, ...others], cursor);
      if (found === 'raced' || found.kind !== 'none') return found;
      const why = compressed.length > 0 ? `only compressed rotated files (${compressed.at(-1)})` : found.why;
      if (own === undefined) return { kind: 'none', why };
      const emptied = await openListed(this.#parts.fs, own);
      if (emptied === 'raced') return 'raced';
      if (emptied.kind === 'failed')
        return { kind: 'none', why: `a rotated file that cannot be read (${emptied.message})` };
      return this.#beginRotated(emptied, gapText('truncated in place', why, cursor));
    });
  }

  /** Opens the first of the candidates that holds what was read up to the cursor, there. */
  async #continueIn(candidates: readonly Sibling[], cursor: Cursor): Promise<Opened | Failed | NoneFound | 'raced'> {
    for (const candidate of candidates) {
      const found = await openListed(this.#parts.fs, candidate);
      if (found === 'raced' || (found.kind === 'failed' && found.code === 'descriptors')) return found;
      if (found.kind === 'failed') continue;
      const spot = await spotOf(found.file, cursor, this.#parts.fingerprintOf);
      if (!spot.ok) return giveUp(found.file, spot);
      if (spot.value !== undefined) {
        const settled = !sameFile(found.stat, cursor) || this.#isQuiet(found.stat);
        return openedAt(found.file, ok(spot.value), { role: 'rotated', settled });
      }
      await found.file.close();
    }
    return { kind: 'none', why: 'no rotated file' };
  }

  /**
   * Rule 3. The path's file is opened, and its first line read, before the siblings are listed: when the listing then shows no
   * younger one, no rotation can have come between the finished file and the opened one, and none by copying unnoticed after.
   */
  async #succeed(path: string, before: Cursor, gap?: string): Promise<Located> {
    const { fs, siblings } = this.#parts;
    for (let race = 0; race < RACES; race++) {
      const current = await this.#openCurrent(path);
      const beside = await siblings.find(path);
      const younger = beside.ok ? nextYounger(beside.value.plain, before) : undefined;
      if (current.kind === 'opened') {
        const { file, spot } = current;
        if (sameFile(spot.stat, before)) return this.#goOn(current, before);
        if (younger === undefined || sameFile(spot.stat, younger.stat)) return { ...current, gap };
        await file.close();
      } else if (younger === undefined) return current;
      const next = await openListed(fs, younger);
      if (next === 'raced') continue;
      if (next.kind === 'open') return this.#beginRotated(next, gap);
      if (next.code === 'descriptors') return next;
      return this.#passOver(path, before, younger, next);
    }
    return RACING;
  }

  #passOver(path: string, cursor: Cursor, { stat: { dev, ino } }: Sibling, { message }: Failed): Promise<Located> {
    const gap = `a rotated file cannot be read (${message}): its lines are lost`;
    return this.#succeed(path, { ...cursor, dev, ino }, gap);
  }

  /** Rule 4. */
  async #openPassed(path: string, next: Successor | undefined): Promise<Opened | Failed | undefined> {
    if (next === undefined) return undefined;
    const { fs } = this.#parts;
    const now = await fs.stat(path);
    if (now.ok && sameFile(now.value, next)) return undefined;
    const passed = await openRegular(fs, next.path);
    if (passed.kind !== 'open') return undefined;
    if (sameFile(passed.stat, next) && passed.stat.size > 0) return this.#beginRotated(passed, undefined);
    await passed.file.close();
    return undefined;
  }

  /** The finished file came back to the path, or another got its inode. */
  async #goOn(current: Opened, cursor: Cursor): Promise<Located> {
    const spot = await spotOf(current.file, cursor, this.#parts.fingerprintOf);
    if (!spot.ok) return giveUp(current.file, spot);
    return spot.value === undefined ? current : openedAt(current.file, ok(spot.value), {});
  }

  /** The path's file, from its beginning. */
  async #openCurrent(path: string): Promise<Located> {
    const current = await openRegular(this.#parts.fs, path);
    return current.kind === 'open' ? this.#beginCurrent(current.file, undefined) : current;
  }

  async #beginCurrent(file: OpenFile, gap: string | undefined): Promise<Located> {
    return openedAt(file, await spotAt(file, 0, this.#parts.fingerprintOf), { begun: true, gap });
  }

  async #beginRotated({ file, stat }: RegularFile, gap: string | undefined): Promise<Opened | Failed> {
    const settled = this.#isQuiet(stat);
    const spot = await spotAt(file, 0, this.#parts.fingerprintOf);
    return openedAt(file, spot, { role: 'rotated', settled, begun: true, gap });
  }

  async #retryRaces<V>(attempt: () => Promise<V | 'raced'>): Promise<V | Failed> {
    for (let race = 0; race < RACES; race++) {
      const found = await attempt();
      if (found !== 'raced') return found;
    }
    return RACING;
  }

  #isQuiet(stat: FileStat): boolean {
    return this.#parts.clock.now() - stat.modifiedAt >= this.#parts.grace;
  }
}

interface NoneFound {
  readonly kind: 'none';
  /** What there is instead, for `gapText`. */
  readonly why: string;
}

const RACING: Failed = { kind: 'failed', code: 'io', message: 'its rotated files are being renamed' };

const noneFor = (failure: Failure<FileCode>): NoneFound => ({
  kind: 'none',
  why: failure.code === 'absent' ? 'no rotated file' : `no rotated file that can be seen (${failure.public})`,
});

const gapText = (what: string, instead: string, { offset }: Cursor): string =>
  `${what}, and found ${instead} beside it: lines written behind byte ${offset} of the former content may be lost`;
