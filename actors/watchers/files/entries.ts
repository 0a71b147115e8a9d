import { basename, dirname } from 'node:path/posix';
import type { Clock } from '../../../core/base/ports.ts';
import { type Glob, literalPath, matchesName } from '../../../core/event/glob.ts';
import { expandGlob, MAX_DIRECTORIES } from './expand.ts';
import type { FileSystemPort, WatchEvent } from './file-system.ts';
import type { FileEntry } from './port.ts';
import { isCompressed, readRotatedName } from './rotated.ts';
import { type Report, Status } from './status.ts';
import type { Watches } from './watches.ts';

export interface EntryParts {
  readonly fs: FileSystemPort;
  readonly clock: Clock;
  readonly watches: Watches;
  readonly report: Report;
  /** More files than this are not followed for one entry. */
  readonly mostFiles: number;
  /** A directory that matters to a pattern changed. */
  readonly changed: () => void;
}

/** One configured entry: which paths it stands for now. */
export class Entry {
  readonly entry: FileEntry;
  readonly glob: Glob;
  /** For a pattern: a plain path is told of by its follower, unless that belongs to another entry. */
  #status: Status<'files'> | undefined;
  readonly #parts: EntryParts;
  readonly #watched = new Map<string, () => void>();

  constructor(entry: FileEntry, glob: Glob, parts: EntryParts) {
    this.entry = entry;
    this.glob = glob;
    this.#parts = parts;
    if (!glob.literal) this.#status = this.#makeStatus(entry.path);
  }

  /**
   * The paths to follow. A pattern's matches are left out when they are rotated files of another log, see `isPrimary`.
   * @param isFollowed whether a path is followed already, so that its rotated files are known as such while it is absent
   */
  async scan(isFollowed: (path: string) => boolean): Promise<readonly string[]> {
    if (this.glob.literal) return [literalPath(this.glob)];
    const { fs, mostFiles } = this.#parts;
    const { paths, directories, cut, trouble, refused } = await expandGlob(fs, this.glob, mostFiles);
    this.#watch(directories);
    const present = new Set(paths);
    const primary = paths.filter((path) => isPrimary(this.glob, path, (base) => present.has(base) || isFollowed(base)));
    this.#status?.explain(refused.length > 0 ? `not followed, only regular files are: ${refused.join(', ')}` : '');
    this.#tell(primary.length, cut, trouble);
    return primary;
  }

  /** Says that some of the entry's files are followed for another one, with another parser. */
  tellTaken(files: number): void {
    if (files > 0 && this.glob.literal) this.#status ??= this.#makeStatus(`${this.entry.path} (${this.entry.parser})`);
    const taken = 'followed for an earlier entry, with the parser of that one only';
    if (this.glob.literal) this.#status?.say(files > 0 ? 'failed' : 'off', files > 0 ? taken : '');
    else this.#status?.hinder(files > 0 ? `${files} of its files are ${taken}` : '');
    this.#status?.flush();
  }

  #makeStatus(name: string): Status<'files'> {
    return new Status(`file:${name}`, { files: 0 }, this.#parts.clock, this.#parts.report);
  }

  #tell(files: number, cut: boolean, trouble: string | undefined): void {
    const status = this.#status;
    if (status === undefined) return;
    status.counters.files = files;
    const { mostFiles } = this.#parts;
    const tooMany = `matches more than ${mostFiles} files, or leads through more than ${MAX_DIRECTORIES} directories: the others are not followed`;
    if (trouble !== undefined) status.say(files === 0 ? 'failed' : 'degraded', trouble);
    else if (cut) status.say('degraded', tooMany);
    else if (files === 0) status.say('waiting', 'no file matches yet: each is read from its beginning when it appears');
    else status.say('ok');
  }

  #watch(directories: readonly string[]): void {
    for (const directory of directories) {
      if (this.#watched.has(directory)) continue;
      const tell = ({ kind }: WatchEvent): void => {
        if (kind === 'renamed') this.#parts.changed();
      };
      this.#watched.set(directory, this.#parts.watches.onDirectory(directory, '', tell));
    }
    const wanted = new Set(directories);
    for (const [directory, end] of this.#watched) {
      if (wanted.has(directory)) continue;
      end();
      this.#watched.delete(directory);
    }
  }
}

/**
 * Whether what a pattern matched is a log of its own. Compressed files never are. A name like a rotated one (`x.log.1`,
 * `x.log-20260131`, `x-20260131.log`) is not while its log exists or is followed: it is read as part of that log. Without
 * such a log it is one itself (a program that writes one file a day), save `NAME.1` where the pattern matches `NAME`.
 */
export function isPrimary(glob: Glob, path: string, isLog: (path: string) => boolean): boolean {
  const name = basename(path);
  const directory = dirname(path) === '/' ? '' : dirname(path);
  if (isCompressed(name)) return false;
  return !readRotatedName(name).some(({ base, generation }) => {
    const isNumbered = generation.kind === 'number' && name.startsWith(`${base}.`);
    return isLog(`${directory}/${base}`) || (isNumbered && matchesName(glob, base));
  });
}
