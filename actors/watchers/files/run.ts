import type { Clock } from '../../../core/base/ports.ts';
import { type Millis, millis, seconds } from '../../../core/base/time.ts';
import { compileGlob } from '../../../core/event/glob.ts';
import { Descriptors } from './descriptors.ts';
import { Entry } from './entries.ts';
import type { FileSystemPort } from './file-system.ts';
import { Follower, type FollowerParts } from './follower.ts';
import type { FingerprintOf } from './identity.ts';
import { Inodes } from './inodes.ts';
import { Locator, type Place } from './locate.ts';
import { type ChunkSink, type Cursor, entryKey, type FileEntry } from './port.ts';
import { SiblingSearch } from './siblings.ts';
import { Slots } from './slots.ts';
import { type Report, Status } from './status.ts';
import { Watches } from './watches.ts';
import { Ways } from './way.ts';

export interface Limits {
  /** How often what inotify should have told is looked for all the same. */
  readonly pollInterval: Millis;
  /** How long a rotated file must be quiet before its successor is read. */
  readonly grace: Millis;
  /** Chunks under way to the sink, over all files. */
  readonly chunksInFlight: number;
  /** Files held open; the others are opened when there is something to read. */
  readonly openFiles: number;
  /** Files followed for one pattern. */
  readonly filesPerEntry: number;
  /** Paths looked at in one poll; more take turns. */
  readonly pathsPerPoll: number;
}

export const DEFAULT_LIMITS: Limits = {
  pollInterval: seconds(2),
  grace: millis(2000),
  chunksInFlight: 4,
  openFiles: 512,
  filesPerEntry: 10_000,
  pathsPerPoll: 1000,
};

export interface FileWatcherParts {
  /** A path that several entries lead to is followed once, for the first of them. */
  readonly entries: readonly FileEntry[];
  /**
   * The durable cursors by `Cursor.path`, asked for at each start. Lines behind them are read again, so after a crash of
   * the watcher alone they must cover what the sink has taken.
   */
  readonly cursors: () => ReadonlyMap<string, Cursor> | Promise<ReadonlyMap<string, Cursor>>;
  readonly sink: ChunkSink;
  readonly fs: FileSystemPort;
  readonly clock: Clock;
  readonly report: Report;
  readonly fingerprintOf: FingerprintOf;
  readonly limits?: Partial<Limits>;
}

export interface FileRunParts extends Omit<FileWatcherParts, 'cursors' | 'limits'> {
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly limits: Limits;
  readonly crash: (cause: unknown) => void;
}

/** Directory changes are gathered for this long before patterns are expanded again. */
const GATHER = millis(50);

/** Expanding patterns may take this share of the time. */
const SCAN_SHARE = 1 / 20;

/** Paths looked at side by side in a poll. */
const SIDE_BY_SIDE = 8;

/** One start-to-stop of the watcher: all its state, so that a restart begins clean. */
export class FileRun {
  readonly #parts: FileRunParts;
  readonly #watches: Watches;
  readonly #entries: readonly Entry[];
  readonly #followers = new Map<string, { readonly follower: Follower; readonly entry: Entry }>();
  readonly #followerParts: FollowerParts;
  /** Cursors nobody has taken up yet. */
  readonly #cursors: Map<string, Cursor>;
  readonly #unmarked: Set<Entry>;
  #isFirstScan = true;
  #nextScanAt = 0;
  #isScanning = false;
  #isScanDue = false;
  #turn = 0;
  #isStopped = false;
  #cancelTick = (): void => {};
  #cancelGather: (() => void) | undefined;

  constructor(parts: FileRunParts) {
    const { fs, clock, sink, fingerprintOf, report, crash, limits } = parts;
    this.#parts = parts;
    this.#cursors = new Map(parts.cursors);
    this.#watches = new Watches(fs, clock);
    this.#entries = this.#makeEntries();
    this.#unmarked = new Set(this.#entries.filter(({ entry }) => this.#isNew(entry)));
    const siblings = new SiblingSearch(fs);
    const inodes = new Inodes(parts.cursors.values());
    this.#followerParts = {
      fs,
      clock,
      siblings,
      inodes,
      report,
      crash,
      watches: this.#watches,
      descriptors: new Descriptors(limits.openFiles),
      locator: new Locator({
        fs,
        clock,
        siblings,
        fingerprintOf,
        grace: limits.grace,
        known: (id) => inodes.known(id),
      }),
      ways: new Ways(fs, clock),
      reading: { clock, sink, fingerprintOf, slots: new Slots(limits.chunksInFlight) },
      grace: limits.grace,
    };
  }

  async start(): Promise<void> {
    await this.#scan();
    this.#isFirstScan = false;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick();
    this.#cancelGather?.();
    this.#watches.close();
    await Promise.all([...this.#followers.values()].map(({ follower }) => follower.stop()));
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancelTick = this.#parts.clock.after(this.#parts.limits.pollInterval, () => {
      this.#tick().then(() => this.#schedule(), this.#parts.crash);
    });
  }

  async #tick(): Promise<void> {
    await this.#watches.refresh();
    if (this.#parts.clock.now() >= this.#nextScanAt) await this.#scan();
    await this.#poll();
    for (const entry of this.#unmarked) this.#mark(entry);
  }

  #makeEntries(): readonly Entry[] {
    const { fs, clock, report, limits } = this.#parts;
    const parts = { fs, clock, report, watches: this.#watches, mostFiles: limits.filesPerEntry };
    return this.#parts.entries.flatMap((entry) => {
      const glob = compileGlob(entry.path);
      if (glob.ok) return [new Entry(entry, glob.value, { ...parts, changed: () => this.#scanSoon() })];
      new Status(`file:${entry.path}`, {}, clock, report).say('failed', glob.public);
      return [];
    });
  }

  /** Expands all patterns, one expansion at a time, at most `SCAN_SHARE` of the time. */
  async #scan(): Promise<void> {
    this.#isScanDue = true;
    if (this.#isScanning) return;
    this.#isScanning = true;
    while (this.#takeScanDue()) {
      const begun = this.#parts.clock.now();
      for (const entry of this.#entries) {
        const paths = await entry.scan((path) => this.#followers.has(path));
        if (this.#isStopped) return;
        await this.#follow(entry, paths);
      }
      const now = this.#parts.clock.now();
      this.#nextScanAt = now + (now - begun) / SCAN_SHARE;
    }
    this.#isScanning = false;
  }

  #takeScanDue(): boolean {
    const isDue = this.#isScanDue && !this.#isStopped;
    this.#isScanDue = false;
    return isDue;
  }

  #scanSoon(): void {
    if (this.#cancelGather !== undefined || this.#isStopped) return;
    const { clock, crash } = this.#parts;
    const wait = Math.max(GATHER, this.#nextScanAt - clock.now());
    this.#cancelGather = clock.after(millis(wait), () => {
      this.#cancelGather = undefined;
      this.#scan().catch(crash);
    });
  }

  async #follow(entry: Entry, paths: readonly string[]): Promise<void> {
    let taken = 0;
    for (const path of paths) {
      const followed = this.#followers.get(path);
      if (followed === undefined) this.#begin(entry, path);
      else if (followed.entry.entry.parser !== entry.entry.parser) taken++;
    }
    entry.tellTaken(taken);
    const wanted = new Set(paths);
    for (const [path, { follower, entry: owner }] of this.#followers) {
      if (owner !== entry || wanted.has(path) || !follower.isWaiting) continue;
      this.#followers.delete(path);
      await follower.retire();
    }
  }

  #begin(entry: Entry, path: string): void {
    const follower = new Follower(path, entry.entry, this.#placeFor(entry, path), this.#followerParts);
    this.#followers.set(path, { follower, entry });
    follower.start();
  }

  #placeFor(entry: Entry, path: string): Place {
    const cursor = this.#cursors.get(path);
    this.#cursors.delete(path);
    if (cursor !== undefined) return { kind: 'at', cursor };
    return this.#isFirstScan && this.#unmarked.has(entry) ? { kind: 'first', start: 'end' } : { kind: 'beginning' };
  }

  async #poll(): Promise<void> {
    const followers = [...this.#followers.values()];
    const count = Math.min(followers.length, this.#parts.limits.pathsPerPoll);
    const from = this.#turn;
    this.#turn = followers.length === 0 ? 0 : (from + count) % followers.length;
    let taken = 0;
    const work = async (): Promise<void> => {
      while (taken < count && !this.#isStopped) {
        await followers[(from + taken++) % followers.length]?.follower.check();
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  }

  /** An entry that begins at the end of what is there and has not yet said that it did. */
  #isNew({ start, path }: FileEntry): boolean {
    return start === 'end' && !this.#parts.cursors.has(entryKey(path));
  }

  /**
   * Once the files that were there at the first start have their cursors, the entry gets one too: from then on, also
   * after a restart, a file without a cursor is one that came later and is read from its beginning.
   */
  #mark(entry: Entry): void {
    const { path, parser } = entry.entry;
    for (const { follower, entry: owner } of this.#followers.values()) {
      if (owner === entry && !follower.isPlaced) return;
    }
    this.#unmarked.delete(entry);
    const cursor = { path: entryKey(path), fingerprint: '', offset: 0, dev: '', ino: '', anchor: 0 };
    const chunk = { path: cursor.path, parser, fingerprint: '', offset: 0, bytes: new Uint8Array(0), cursor };
    this.#parts.sink.submit({ ...chunk, provenance: 'file', receivedAt: this.#parts.clock.now() }).catch(() => {
      if (!this.#isStopped) this.#unmarked.add(entry);
    });
  }
}
