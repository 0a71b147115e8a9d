import type { Clock } from '../../../core/base/ports.ts';
import { type Millis, plus, seconds } from '../../../core/base/time.ts';
import { type FileStat, type FileSystemPort, sameFile, type WatchEvent } from './file-system.ts';

/** After a watch was refused because the limits are reached, others are tried again this much later. */
const LIMIT_RETRY: Millis = seconds(30);

type Listener = (event: WatchEvent) => void;

interface Watched {
  /** By the name of the file they care for; `''`: every one. */
  readonly listeners: Map<string, Set<Listener>>;
  /** Ends the watch; absent while the directory cannot be watched. */
  end?: (() => void) | undefined;
  /** The directory the watch is on, which a rename can take away from its path. */
  stat?: FileStat | undefined;
}

/**
 * One inotify watch for each directory, shared by all who care for files in it. A watch only makes things quicker: where
 * there is none (no directory yet, limits reached, NFS), polling finds the same.
 */
export class Watches {
  readonly #fs: FileSystemPort;
  readonly #clock: Clock;
  readonly #directories = new Map<string, Watched>();
  #limitedUntil: Millis | undefined;

  constructor(fs: FileSystemPort, clock: Clock) {
    this.#fs = fs;
    this.#clock = clock;
  }

  /** inotify has no room for a watch on this directory: its files are only polled. */
  isLimited(directory: string): boolean {
    return this.#limitedUntil !== undefined && this.#directories.get(directory)?.end === undefined;
  }

  /** @param name only events of this file; `''`: of every one. @returns a function that ends it */
  onDirectory(directory: string, name: string, tell: Listener): () => void {
    const watched: Watched = this.#directories.get(directory) ?? { listeners: new Map() };
    const named = watched.listeners.get(name) ?? new Set();
    named.add(tell);
    watched.listeners.set(name, named);
    if (!this.#directories.has(directory)) {
      this.#directories.set(directory, watched);
      this.#begin(directory, watched);
    }
    return () => {
      named.delete(tell);
      if (named.size === 0 && watched.listeners.get(name) === named) watched.listeners.delete(name);
      if (watched.listeners.size > 0 || this.#directories.get(directory) !== watched) return;
      watched.end?.();
      this.#directories.delete(directory);
    };
  }

  /** A watch on the file itself, which stays with it through renames; nothing when that is not possible. */
  onFile(path: string, tell: Listener): () => void {
    if (this.#isHeldBack()) return () => {};
    const watch = this.#fs.watch(path, tell);
    if (!watch.ok && watch.code === 'limit') this.#limitedUntil = plus(this.#clock.now(), LIMIT_RETRY);
    return watch.ok ? watch.value : () => {};
  }

  /** Mends watches: on directories that came, or that were replaced by another of the same name. */
  async refresh(): Promise<void> {
    if (this.#limitedUntil !== undefined && !this.#isHeldBack()) this.#limitedUntil = undefined;
    for (const [directory, watched] of [...this.#directories]) {
      const now = await this.#fs.stat(directory);
      if (this.#directories.get(directory) !== watched) continue;
      const isSame = now.ok && watched.stat !== undefined && sameFile(now.value, watched.stat);
      if (isSame && watched.end !== undefined) continue;
      const isFirstLook = watched.stat === undefined && watched.end !== undefined;
      watched.stat = now.ok ? now.value : undefined;
      if (isFirstLook && now.ok) continue;
      watched.end?.();
      watched.end = undefined;
      if (now.ok && this.#begin(directory, watched)) tellAll(watched, { kind: 'renamed' });
    }
  }

  close(): void {
    for (const watched of this.#directories.values()) watched.end?.();
    this.#directories.clear();
  }

  #begin(directory: string, watched: Watched): boolean {
    if (this.#isHeldBack()) return false;
    const watch = this.#fs.watch(directory, (event) => tellAll(watched, event));
    if (watch.ok) watched.end = watch.value;
    else if (watch.code === 'limit') this.#limitedUntil = plus(this.#clock.now(), LIMIT_RETRY);
    return watch.ok;
  }

  #isHeldBack(): boolean {
    return this.#limitedUntil !== undefined && this.#clock.now() < this.#limitedUntil;
  }
}

function tellAll({ listeners }: Watched, event: WatchEvent): void {
  const concerned = event.name === undefined ? [...listeners.values()] : [listeners.get(event.name), listeners.get('')];
  for (const tell of concerned.flatMap((set) => [...(set ?? [])])) tell(event);
}
