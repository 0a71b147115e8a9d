import type { Cursor } from './port.ts';

interface FileId {
  readonly dev: string;
  readonly ino: string;
}

/** Finished files remembered; a renamed file turns up within seconds, so that few are needed. */
const MOST_FINISHED = 4096;

/**
 * Who follows which file, by inode. Two paths may lead to one file (symbolic and hard links, or a rename within what a
 * glob matches): it must be read once, and one that was read under another name must not be read again.
 */
export class Inodes {
  readonly #claims = new Map<string, string>();
  readonly #finished = new Map<string, Cursor>();

  constructor(cursors: Iterable<Cursor>) {
    for (const cursor of cursors) this.finished(cursor);
  }

  /** @returns the path that holds the file already, or nothing: then it belongs to `path` now */
  claim(file: FileId, path: string): string | undefined {
    const holder = this.#claims.get(key(file));
    if (holder !== undefined && holder !== path) return holder;
    this.#claims.set(key(file), path);
    return undefined;
  }

  release(file: FileId, path: string): void {
    if (this.#claims.get(key(file)) === path) this.#claims.delete(key(file));
  }

  /** The file was read up to here and is not followed on. */
  finished(cursor: Cursor): void {
    if (cursor.fingerprint === '' || cursor.ino === '') return;
    this.#finished.delete(key(cursor));
    this.#finished.set(key(cursor), cursor);
    const eldest = this.#finished.keys().next();
    if (this.#finished.size > MOST_FINISHED && eldest.done !== true) this.#finished.delete(eldest.value);
  }

  /** How far a file with this inode was read under any path. To be checked against its content: inodes are reused. */
  known(file: FileId): Cursor | undefined {
    return this.#finished.get(key(file));
  }
}

const key = ({ dev, ino }: FileId): string => `${dev}:${ino}`;
