import { basename, dirname } from 'node:path/posix';
import type { Clock } from '../../../core/base/ports.ts';
import type { Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { Descriptors, Holder } from './descriptors.ts';
import { FileActor } from './file-actor.ts';
import { FileStatus, type Obstacle } from './file-status.ts';
import { type FileCode, type FileStat, type FileSystemPort, sameFile, type WatchEvent } from './file-system.ts';
import { FileTrust } from './file-trust.ts';
import { isBehindContent, mayHaveCopy, nothingSeen } from './first-sight.ts';
import type { Inodes } from './inodes.ts';
import type { Locator, Place } from './locate.ts';
import type { FileEffects, FileEvent } from './machine.ts';
import type { Opened } from './opening.ts';
import type { FileEntry } from './port.ts';
import { Reader, type ReaderParts, type RunEnd, submitMark } from './reader.ts';
import type { SiblingSearch } from './siblings.ts';
import type { Report } from './status.ts';
import { judgeSuccession, type Successor } from './succession.ts';
import type { Watches } from './watches.ts';
import type { Ways } from './way.ts';

export interface FollowerParts {
  readonly fs: FileSystemPort;
  readonly clock: Clock;
  readonly locator: Locator;
  readonly siblings: SiblingSearch;
  readonly descriptors: Descriptors;
  readonly inodes: Inodes;
  readonly watches: Watches;
  readonly ways: Ways;
  readonly reading: ReaderParts;
  readonly report: Report;
  readonly crash: (cause: unknown) => void;
  readonly grace: Millis;
}

/** The open file and what hangs on it. */
interface Held {
  readonly opened: Opened;
  readonly reader: Reader;
  readonly unwatch: () => void;
}

type FileId = Pick<FileStat, 'dev' | 'ino'>;

/** Follows one path: gives `fileMachine` its effects and keeps what is too quick or too large for its context. */
export class Follower implements Holder {
  readonly path: string;
  readonly #parser: string;
  readonly #parts: FollowerParts;
  readonly #status: FileStatus;
  readonly #trust: FileTrust;
  readonly #actor: FileActor;
  readonly #unwatch: () => void;
  #place: Place;
  #held: Held | undefined;
  #claim: FileId | undefined;
  #isPlaced = false;
  /** The sink has a cursor that names content. */
  #isMarked: boolean;
  /** The sink has still to be told that there was nothing. */
  #isMarkDue = false;
  /** What kept the last attempt from reading. */
  #obstacle: Obstacle = { why: '', shared: false };
  /** What the path's last stat said, to notice that the next one differs. */
  #seen = '';
  #seenSize = 0;
  /** Bytes known to have been unread when the file was truncated under us. */
  #cutOff: number | undefined;
  /** While examining: what to conclude if the read under way finds nothing new. */
  #verdict: FileEvent | undefined;
  /** Where the path led while the file there was empty. */
  #successor: Successor | undefined;
  /** Something was to be looked at while the succession was being judged. */
  #isLookDue = false;
  #closing: Promise<void> = Promise.resolve();
  #isChecking = false;
  #isCheckDue = false;
  #isStopped = false;

  constructor(path: string, entry: Pick<FileEntry, 'parser' | 'trust'>, place: Place, parts: FollowerParts) {
    this.path = path;
    this.#parser = entry.parser;
    this.#place = place;
    this.#isMarked = place.kind === 'at' && place.cursor.fingerprint !== '';
    this.#parts = parts;
    this.#status = new FileStatus(path, parts.clock, parts.report);
    this.#trust = new FileTrust(path, entry.trust ?? 'auto', parts, (trust) => this.#status.tellTrust(trust));
    this.#actor = new FileActor(this.#effects(), { ...parts, changed: () => this.#tell() });
    this.#unwatch = parts.watches.onDirectory(dirname(path), basename(path), (event) => this.#touched(event));
  }

  start(): void {
    this.#status.flush();
    this.#actor.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#actor.stop();
    this.#unwatch();
    this.#forget();
    await this.#closing;
  }

  /** Stops for good: the path is gone and no pattern matches it any more. */
  async retire(): Promise<void> {
    this.#status.say('off', 'gone, and no configured path matches it any more');
    if (this.#place.kind === 'at') this.#parts.inodes.finished(this.#place.cursor);
    await this.stop();
  }

  /** What was there first is accounted for: its cursor was taken by the sink, or there was nothing. */
  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  /** There is no file, and no rotated one that is not finished. */
  get isWaiting(): boolean {
    return this.#actor.state === 'waiting';
  }

  evict(): void {
    this.#send({ type: 'evicted' });
  }

  /** Looks at what the path leads to: the safety net under the watches, and how a rename is understood. */
  async check(): Promise<void> {
    this.#isCheckDue = true;
    if (this.#isChecking) return;
    this.#isChecking = true;
    while (this.#isCheckDue && !this.#isStopped) {
      this.#isCheckDue = false;
      const stat = await this.#parts.fs.stat(this.path);
      this.#compare(stat);
      await this.#renewTrust(stat);
    }
    this.#isChecking = false;
    if (this.#isStopped) return;
    this.#status.tellPolled(this.#parts.watches.isLimited(dirname(this.path)));
  }

  #send(event: FileEvent): void {
    if (!this.#isStopped) this.#actor.send(event);
  }

  #run(effect: Promise<void>): void {
    effect.catch(this.#parts.crash);
  }

  #effects(): FileEffects {
    return {
      open: () => this.#run(this.#open()),
      read: () => this.#readOn(),
      examine: () => this.#run(this.#examine()),
      release: () => this.#release(),
      forget: () => this.#forget(),
      noteTruncated: () => this.#noteTruncated(),
      finish: () => this.#placeBehind('after', this.#successor),
    };
  }

  #tell(): void {
    this.#status.tell(this.#actor.state, this.#actor.isOrphaned, this.#obstacle);
  }

  #compare(stat: Result<FileStat, FileCode>): void {
    if (this.#isStopped) return;
    const seen = stat.ok ? Object.values(stat.value).join(' ') : stat.code;
    const isNews = seen !== this.#seen;
    const isOtherThanBefore = isNews && this.#seen !== '';
    this.#seen = seen;
    const { state } = this.#actor;
    if (state === 'following' && this.#held !== undefined) {
      if (stat.ok && sameFile(stat.value, this.#held.opened.spot.stat)) {
        this.#measure(stat.value.size);
        if (isOtherThanBefore && this.#held.opened.spot.fingerprint === '') this.#send({ type: 'identified' });
      } else if (stat.ok || stat.code === 'absent') this.#send({ type: 'moved' });
    }
    if (isNews || state === 'draining') this.#wake();
    if (state === 'waiting' ? seen !== 'absent' : isNews || state === 'refused') this.#look();
  }

  /** Of the file that is read, which need not be the path's own. */
  async #renewTrust(stat: Result<FileStat, FileCode>): Promise<void> {
    if (this.#held === undefined || this.#isStopped) return;
    const held = this.#held.opened.spot.stat;
    await this.#trust.renew(stat.ok && sameFile(stat.value, held) ? stat.value : held);
  }

  #look(): void {
    this.#isLookDue = true;
    this.#send({ type: 'look' });
  }

  #measure(size = this.#seenSize): void {
    this.#seenSize = size;
    this.#status.counters.lag = Math.max(0, size - (this.#held?.reader.cursor.offset ?? size));
  }

  #touched({ kind }: WatchEvent): void {
    if (this.#isStopped) return;
    if (kind === 'renamed') this.#run(this.check());
    this.#wake();
    const { state } = this.#actor;
    if (state === 'unreadable') this.#send({ type: 'touched' });
    else if (state !== 'following') this.#look();
  }

  #wake(): void {
    if (this.#actor.isReading) this.#readOn();
  }

  #readOn(): void {
    if (this.#held === undefined) return;
    this.#parts.descriptors.busy(this);
    this.#held.reader.wake();
  }

  async #open(): Promise<void> {
    await this.#closing;
    await this.#parts.descriptors.acquire(this);
    if (this.#isStopped) return;
    const located = await this.#parts.locator.locate(this.path, this.#place);
    if (located.kind === 'opened') {
      await this.#trust.judge(located.spot.stat);
      return this.#take(located);
    }
    if (located.kind === 'absent') return this.#wait();
    this.#obstacle = { why: located.message, shared: false };
    this.#send({ type: located.kind });
  }

  /** That there was nothing is the first mark: what is rotated away before the next start has come later. */
  async #wait(): Promise<void> {
    this.#isPlaced = true;
    if (this.#place.kind === 'first' || this.#place.kind === 'beginning') {
      this.#place = { kind: 'at', cursor: nothingSeen(this.path) };
      this.#isMarkDue = true;
    }
    if (this.#isMarkDue && this.#place.kind === 'at') {
      const failure = await submitMark(this.#parts.reading, this.#parser, this.#place.cursor);
      this.#isMarkDue = failure !== undefined;
      if (failure !== undefined) this.#obstacle = { why: failure, shared: false };
    }
    this.#send({ type: this.#isMarkDue ? 'failed' : 'absent' });
    if (!this.#isMarkDue) await this.check();
  }

  /** Makes an opened file the held one. The one before was kept open until now, so that its inode was not reused. */
  async #take(opened: Opened): Promise<void> {
    const { inodes } = this.#parts;
    if (this.#isStopped) return opened.file.close();
    const id = opened.spot.stat;
    const holder = inodes.claim(id, this.path);
    if (holder !== undefined) return this.#yieldTo(holder, opened);
    if (this.#claim !== undefined && !sameFile(this.#claim, id)) inodes.release(this.#claim, this.path);
    this.#claim = id;
    if (this.#place.kind === 'after') {
      this.#status.counters.rotations++;
      inodes.finished(this.#place.cursor);
    }
    if (opened.gap !== undefined) this.#status.gap(opened.gap, this.#cutOff);
    this.#cutOff = undefined;
    const former = this.#held;
    this.#held = this.#hold(opened);
    this.#seenSize = opened.spot.stat.size;
    this.#successor = undefined;
    this.#placeBehind('at');
    if (former !== undefined) await this.#close(former);
    this.#send({ type: 'opened', role: opened.role, settled: opened.settled });
    if (opened.role === 'current') await this.check();
  }

  /** Another path has this file: it is not read twice. */
  async #yieldTo(holder: string, { file, spot, role }: Opened): Promise<void> {
    await file.close();
    if (role === 'rotated') {
      const { dev, ino } = spot.stat;
      const cursor = { path: this.path, fingerprint: spot.fingerprint, offset: spot.offset, dev, ino, anchor: 0 };
      this.#place = { kind: 'after', cursor };
      return this.#open();
    }
    this.#obstacle = { why: `the same file as ${holder}, and read there`, shared: true };
    this.#send({ type: 'refused' });
  }

  #hold(opened: Opened): Held {
    const { file, spot, begun } = opened;
    const { counters } = this.#status;
    const provenance = () => this.#trust.provenance;
    const announce = begun && !(this.#isMarked && spot.fingerprint === '');
    if (!announce) this.#isPlaced = true;
    const source = { path: this.path, parser: this.#parser, provenance, file, spot, announce };
    // Lines mark as well: where the announcement was refused, reading goes on later without one.
    const mark = (): void => {
      this.#isMarked ||= spot.fingerprint !== '';
    };
    const reader = new Reader(this.#parts.reading, source, {
      begun: () => {
        this.#isPlaced = true;
        mark();
      },
      taken: (bytes) => {
        mark();
        counters.bytes += bytes;
        counters.chunks++;
      },
      skipped: (line) => {
        mark();
        this.#status.skipped(line);
      },
      ended: (end) => this.#ended(end),
      crashed: this.#parts.crash,
    });
    const isCurrent = opened.role === 'current';
    const unwatch = isCurrent ? this.#parts.watches.onFile(this.path, (event) => this.#touched(event)) : () => {};
    return { opened, reader, unwatch };
  }

  #noteTruncated(): void {
    this.#status.counters.truncations++;
    this.#placeBehind('at');
    const offset = this.#held?.reader.cursor.offset ?? 0;
    this.#cutOff = Math.max(0, this.#seenSize - offset);
  }

  #placeBehind(kind: 'at' | 'after', next?: Successor): void {
    if (this.#held === undefined) return;
    const { cursor } = this.#held.reader;
    if (kind === 'at' && cursor.fingerprint === '' && isBehindContent(this.#place)) return;
    this.#place = { kind, cursor, ...(next === undefined ? {} : { next }) };
  }

  /** A run over the file is over. Most are routine and none of the machine's business. */
  #ended(end: RunEnd): void {
    if (end.kind === 'caught up') this.#caughtUp(end.progressed);
    else if (end.kind === 'truncated' || end.kind === 'identified') this.#send({ type: end.kind });
    else {
      this.#obstacle = { why: end.message, shared: false };
      this.#send({ type: 'trouble' });
    }
  }

  #caughtUp(progressed: boolean): void {
    this.#measure();
    const verdict = this.#verdict;
    this.#verdict = undefined;
    if (verdict !== undefined && (!progressed || this.#actor.isOverdue)) this.#send(verdict);
    else if (this.#actor.expectsRunEnds) this.#send({ type: 'caughtUp', progressed });
    if (verdict?.type === 'notYet' && this.#isLookDue) this.#send({ type: 'look' });
    if (this.#actor.isAtRest) this.#parts.descriptors.idle(this);
  }

  async #examine(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#parts.descriptors.busy(this);
    this.#isLookDue = false;
    const hasCopy = await mayHaveCopy(this.#parts.siblings, this.path, this.#place, held.opened);
    const { event, seen } = await judgeSuccession(this.#parts, this.path, held.opened, this.#successor);
    if (this.#isStopped || this.#held !== held) return;
    if (hasCopy) return this.#send({ type: 'identified' });
    this.#successor = seen;
    if (event.type === 'returned') return this.#send(event);
    this.#verdict = event;
    this.#wake();
  }

  #release(): void {
    const held = this.#held;
    if (held !== undefined && this.#place.kind !== 'after') this.#placeBehind('at');
    this.#held = undefined;
    this.#verdict = undefined;
    if (held === undefined) this.#parts.descriptors.release(this);
    else this.#closing = this.#close(held).then(() => this.#parts.descriptors.release(this), this.#parts.crash);
  }

  #forget(): void {
    if (this.#claim !== undefined) this.#parts.inodes.release(this.#claim, this.path);
    this.#claim = undefined;
    this.#release();
  }

  /** A chunk under way is waited for, so that its cursor cannot overtake one of the next file; not when all stops. */
  async #close({ reader, unwatch, opened }: Held): Promise<void> {
    unwatch();
    const atRest = reader.stop();
    if (!this.#isStopped) await atRest;
    await opened.file.close();
  }
}
