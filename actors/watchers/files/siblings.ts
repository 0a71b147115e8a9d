import { basename, dirname } from 'node:path/posix';
import { ok, type Result } from '../../../core/base/result.ts';
import { type FileCode, type FileStat, type FileSystemPort, type Listed, sameFile } from './file-system.ts';
import { compareGenerations, isCompressed, type RotatedName, rotatedFrom } from './rotated.ts';

/** A file beside a log that could be, or be a copy of, one of its rotated files. */
export interface Sibling {
  readonly path: string;
  readonly stat: FileStat;
  /** Absent for a file that is not named like a rotated one (the former target of a swapped symbolic link). */
  readonly rotated?: RotatedName;
}

export interface Siblings {
  readonly plain: readonly Sibling[];
  /** Names of compressed rotated files: never read. */
  readonly compressed: readonly string[];
}

/** More rotations than this in a row, within milliseconds, are no log's. */
const MOST_LOOKS = 8;

/** Beside a symbolic link's target, this many files are looked at for the former target. */
const MAX_STRANGERS = 1000;

/**
 * Finds rotated files. Concurrent callers share listings of a directory, but never one that began before they asked:
 * what a caller knows of the directory may be older than its listing, not younger.
 */
export class SiblingSearch {
  readonly #fs: FileSystemPort;
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Promise<Result<readonly Listed[], FileCode>>>();

  constructor(fs: FileSystemPort) {
    this.#fs = fs;
  }

  /**
   * The files beside `path` (its target, if it is a symbolic link). A directory cannot be read in one instant, and
   * logrotate renames several files in a row: the look is repeated until two in a row agree, `MOST_LOOKS` times at most.
   */
  async find(path: string): Promise<Result<Siblings, FileCode>> {
    let before = await this.#look(path);
    for (let looks = 1; looks < MOST_LOOKS; looks++) {
      const now = await this.#look(path);
      if (!before.ok || !now.ok || describe(before.value) === describe(now.value)) return now;
      before = now;
    }
    return before;
  }

  async #look(path: string): Promise<Result<Siblings, FileCode>> {
    const target = await this.#fs.resolve(path);
    const real = target.ok ? target.value : path;
    const directory = dirname(real);
    const listed = await this.#list(directory);
    if (!listed.ok) return listed;
    const named = candidates(listed.value, basename(real), real !== path);
    const plain: Sibling[] = [];
    for (const { name, rotated } of named.filter((candidate) => !isCompressed(candidate.name))) {
      const beside = `${directory === '/' ? '' : directory}/${name}`;
      const stat = await this.#fs.stat(beside);
      if (!stat.ok || stat.value.kind !== 'file') continue;
      plain.push({ path: beside, stat: stat.value, ...(rotated === undefined ? {} : { rotated }) });
    }
    return ok({ plain, compressed: named.flatMap(({ name, rotated }) => (rotated?.compressed ? [name] : [])) });
  }

  #list(directory: string): Promise<Result<readonly Listed[], FileCode>> {
    const waiting = this.#next.get(directory);
    if (waiting !== undefined) return waiting;
    const before = this.#running.get(directory) ?? Promise.resolve();
    const mine = before.then(() => {
      this.#next.delete(directory);
      this.#running.set(directory, mine);
      return this.#fs.list(directory);
    });
    this.#next.set(directory, mine);
    const forget = (): void => {
      if (this.#running.get(directory) === mine) this.#running.delete(directory);
    };
    void mine.then(forget, forget);
    return mine;
  }
}

/** The names that are worth a look, in a directory of thousands a few: a rotated name begins like its log's. */
function candidates(
  listed: readonly Listed[],
  base: string,
  withStrangers: boolean,
): readonly { readonly name: string; readonly rotated: RotatedName | undefined }[] {
  const stem = base.replace(/\.[^.]*$/, '');
  let strangers = 0;
  return listed.flatMap(({ name, kind }) => {
    const rotated = name.startsWith(stem) ? rotatedFrom(base, name) : undefined;
    const isStranger = rotated === undefined && withStrangers && kind === 'file' && strangers++ < MAX_STRANGERS;
    return rotated !== undefined || isStranger ? [{ name, rotated }] : [];
  });
}

/**
 * The file that was written after the one with this inode: the oldest of the younger rotated files. `undefined` when
 * there is none, so that the log itself comes next; also when the given one is not among them any more.
 */
export function nextYounger(
  siblings: readonly Sibling[],
  file: { readonly dev: string; readonly ino: string },
): Sibling | undefined {
  const own = siblings.find(({ stat }) => sameFile(stat, file))?.rotated;
  if (own === undefined) return undefined;
  return oldestRotated(
    siblings.filter(
      ({ rotated }) => rotated !== undefined && compareGenerations(rotated.generation, own.generation) > 0,
    ),
  );
}

export const oldestRotated = (siblings: readonly Sibling[]): Sibling | undefined =>
  siblings
    .filter(({ rotated }) => rotated !== undefined)
    .reduce<Sibling | undefined>((oldest, one) => (isOlder(one, oldest) ? one : oldest), undefined);

export const youngestFirst = (siblings: readonly Sibling[]): readonly Sibling[] =>
  siblings.filter(({ rotated }) => rotated !== undefined).sort((a, b) => (isOlder(a, b) ? 1 : isOlder(b, a) ? -1 : 0));

const isOlder = (one: Sibling, than: Sibling | undefined): boolean =>
  than?.rotated === undefined ||
  (one.rotated !== undefined && compareGenerations(one.rotated.generation, than.rotated.generation) < 0);

const describe = ({ plain, compressed }: Siblings): string =>
  [...plain.map(({ path, stat }) => `${path} ${stat.dev} ${stat.ino}`), ...compressed].sort().join('\n');
