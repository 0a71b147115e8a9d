import type { Clock } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import { JournalBatch } from './batch.ts';
import { parseCursor } from './cursor.ts';
import { CLOSED, ERRNO, explain, libraryRefusal, unavailable } from './failure.ts';
import { cursorOf, type PlacedEntry, pack } from './pack.ts';
import type {
  FieldValue,
  JournalFailure,
  JournalFiles,
  JournalNews,
  JournalOptions,
  JournalPort,
  JournalResult,
  JournalTarget,
  Landing,
  ReadLimits,
} from './port.ts';
import { checkLimits, checkOptions, checkTarget, checkWait, DEFAULT_MAX_VALUE, DEFAULT_READ } from './validate.ts';

/** What is logged; what it leaves out is made up: the clock's time, the present boot. */
export type FakeEntry = Pick<PlacedEntry, 'fields'> & Partial<Pick<PlacedEntry, 'realtime' | 'monotonic' | 'boot'>>;

interface FakeFile {
  readonly path: string;
  entries: readonly PlacedEntry[];
}

type Call = 'open' | 'seek' | 'read' | 'wait' | 'files';

/** A journal in memory and the journald that writes it: any number of ports read it, as they would the real one. */
export class FakeJournald {
  /** False: a host without libsystemd. */
  installed = true;
  boot = 'b'.repeat(32);
  readonly ports = new Set<FakePort>();
  readonly clock: Clock;
  #sequences = 0;
  #made = 0;
  #seqnum = 0;
  #seqnumId = this.#newSequence();
  #files: FakeFile[] = [];
  readonly #refused: { readonly path: string; readonly errno: number }[] = [];
  readonly #planned = new Map<Call, number[]>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  open(options: JournalOptions): JournalResult<JournalPort> {
    const failed = checkOptions(options) ?? this.planned('open', 'open the journal');
    if (failed !== undefined) return failed;
    if (!this.installed) return unavailable('libsystemd.so.0: cannot open shared object file');
    const port = new FakePort(this, options);
    this.ports.add(port);
    return { ok: true, value: port };
  }

  /** Every entry, in the order of their making. */
  get entries(): readonly PlacedEntry[] {
    return this.#files.flatMap(({ entries }) => entries);
  }

  get files(): JournalFiles {
    const refused = this.#refused.map(({ path, errno }) => ({ path, errno, why: explain(errno) }));
    return { readable: this.#files.length, refused };
  }

  append(...entries: readonly FakeEntry[]): void {
    for (const entry of entries) {
      const now = this.clock.now() * 1000 + this.#made;
      const { fields, realtime = now, monotonic = now % 1e12, boot = this.boot } = entry;
      const placed = {
        realtime,
        monotonic,
        boot,
        hash: ++this.#made,
        seqnumId: this.#seqnumId,
        seqnum: ++this.#seqnum,
      };
      const file = this.#files.at(-1) ?? this.#newFile();
      file.entries = [...file.entries, { ...placed, fields: { _BOOT_ID: boot, ...fields } }];
    }
    this.#tell('appended');
  }

  /** A new file in the same sequence. */
  rotate(): void {
    this.#newFile();
    this.#tell('invalidated');
  }

  /** Deletes every file but the last. */
  vacuum(): void {
    this.#files = this.#files.slice(-1);
    this.#tell('invalidated');
  }

  /** Copies all entries to a journal of another sequence, as a flush from /run to /var does. */
  flush(): void {
    this.#seqnumId = this.#newSequence();
    this.#seqnum = 0;
    const moved = this.entries.map((entry) => ({ ...entry, seqnumId: this.#seqnumId, seqnum: ++this.#seqnum }));
    this.#files = [];
    this.#newFile().entries = moved;
    this.#tell('invalidated');
  }

  /** Deletes everything; what is logged from now on is of another sequence. */
  wipe(): void {
    this.#files = [];
    this.#seqnumId = this.#newSequence();
    this.#seqnum = 0;
    this.#tell('invalidated');
  }

  /** Entries that can no longer be read, and of which the library says nothing. */
  damage(isDamaged: (entry: PlacedEntry) => boolean): void {
    for (const file of this.#files) file.entries = file.entries.filter((entry) => !isDamaged(entry));
  }

  /** A file that cannot be read is there. */
  refuse(path: string, errno: number = ERRNO.EBADMSG): void {
    this.#refused.push({ path, errno });
    this.#tell('invalidated');
  }

  /** The next call of this kind fails so. */
  fail(call: Call, errno: number): void {
    this.#planned.set(call, [...(this.#planned.get(call) ?? []), errno]);
  }

  planned(call: Call, doing: string): JournalFailure | undefined {
    const errno = this.#planned.get(call)?.shift();
    return errno === undefined ? undefined : libraryRefusal(doing, errno);
  }

  #newFile(): FakeFile {
    const file = { path: `/var/log/journal/${'m'.repeat(32)}/${this.#made}.journal`, entries: [] };
    this.#files.push(file);
    return file;
  }

  #newSequence(): string {
    return (++this.#sequences).toString(16).padStart(32, '0');
  }

  #tell(news: JournalNews): void {
    for (const port of this.ports) port.tell(news);
  }
}

class FakePort implements JournalPort {
  readonly #world: FakeJournald;
  readonly #options: JournalOptions;
  /** Where the last seek led; what counts until an entry is found there. */
  #target: JournalTarget = { to: 'head' };
  /** Read last. */
  #at: PlacedEntry | undefined;
  /** What the seek found, while it is unread. */
  #next: PlacedEntry | undefined;
  #news: JournalNews = 'quiet';
  #waiting: ((news: JournalResult<JournalNews>) => void) | undefined;
  #isClosed = false;

  constructor(world: FakeJournald, options: JournalOptions) {
    this.#world = world;
    this.#options = options;
  }

  async seek(target: JournalTarget): Promise<JournalResult<Landing>> {
    const failed = checkTarget(target) ?? this.#begin('seek', 'seek in the journal');
    if (failed !== undefined) return failed;
    const entries = this.#matching();
    const known = target.to === 'cursor' ? entries.find((entry) => isOf(entry, target.cursor)) : undefined;
    this.#at = target.to === 'tail' ? entries.at(-1) : known;
    this.#next = this.#at === undefined ? entries.find((entry) => isAtOrBehind(entry, target)) : undefined;
    // Behind the end of nothing is whatever comes first.
    this.#target = target.to === 'tail' ? { to: 'head' } : target;
    return {
      ok: true,
      value: {
        exact: target.to !== 'cursor' || known !== undefined,
        ...(this.#at === undefined ? {} : { before: cursorOf(this.#at) }),
        ...(this.#next === undefined || target.to === 'tail' ? {} : { next: cursorOf(this.#next) }),
      },
    };
  }

  async read(limits: ReadLimits = DEFAULT_READ): Promise<JournalResult<JournalBatch>> {
    const failed = checkLimits(limits) ?? this.#begin('read', 'read the journal');
    if (failed !== undefined) return failed;
    const { fields, maxValueBytes = DEFAULT_MAX_VALUE, exclude = [], matches = [] } = this.#options;
    const taken: PlacedEntry[] = [];
    let [bytes, excluded, missing] = [0, 0, 0];
    for (const entry of this.#ahead()) {
      if (taken.length === limits.entries || bytes >= limits.bytes) break;
      const at = this.#at;
      if (matches.length === 0 && at?.seqnumId === entry.seqnumId) missing += entry.seqnum - at.seqnum - 1;
      this.#at = entry;
      this.#next = undefined;
      if (exclude.some((group) => group.every((pair) => hasField(entry, pair)))) {
        excluded++;
        continue;
      }
      taken.push(entry);
      for (const field of fields) bytes += Math.min(maxValueBytes, entry.fields[field]?.length ?? 0);
    }
    const last = this.#at === undefined ? '' : cursorOf(this.#at);
    const packed = pack({ entries: taken, fields, maxValueBytes, excluded, missing, last });
    return { ok: true, value: new JournalBatch(packed, fields) };
  }

  async wait(atMost: Millis): Promise<JournalResult<JournalNews>> {
    const failed = checkWait(atMost) ?? this.#begin('wait', 'wait for the journal');
    if (failed !== undefined) return failed;
    if (this.#news !== 'quiet') return { ok: true, value: this.#takeNews() };
    const { promise, resolve } = Promise.withResolvers<JournalResult<JournalNews>>();
    const cancel = this.#world.clock.after(atMost, () => this.#endWait());
    this.#waiting = (news) => {
      cancel();
      resolve(news);
    };
    return promise;
  }

  async files(): Promise<JournalResult<JournalFiles>> {
    return this.#begin('files', 'look at the journal files') ?? { ok: true, value: this.#world.files };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#world.ports.delete(this);
    this.#endWait();
  }

  tell(news: JournalNews): void {
    if (this.#news !== 'invalidated') this.#news = news;
    if (this.#waiting !== undefined) this.#endWait();
  }

  /** Every call ends a wait that is under way. */
  #begin(call: Call, doing: string): JournalFailure | undefined {
    this.#endWait();
    return this.#isClosed ? CLOSED : this.#world.planned(call, doing);
  }

  #endWait(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.({ ok: true, value: this.#takeNews() });
  }

  #takeNews(): JournalNews {
    const news = this.#news;
    this.#news = 'quiet';
    return news;
  }

  #matching(): readonly PlacedEntry[] {
    const { matches = [] } = this.#options;
    if (matches.length === 0) return this.#world.entries;
    return this.#world.entries.filter((entry) => matches.some((group) => matchesGroup(entry, group)));
  }

  /** What is still to be read. The last entry read may be gone, or have been copied elsewhere. */
  #ahead(): readonly PlacedEntry[] {
    const entries = this.#matching();
    const place = this.#next ?? this.#at;
    if (place === undefined) return fromFirst(entries, (entry) => isAtOrBehind(entry, this.#target));
    const at = entries.findIndex((entry) => isOf(entry, cursorOf(place)));
    if (at >= 0) return entries.slice(this.#next === undefined ? at + 1 : at);
    return fromFirst(entries, (entry) => isAtOrBehind(entry, { to: 'cursor', cursor: cursorOf(place) }));
  }
}

function fromFirst(entries: readonly PlacedEntry[], isFirst: (entry: PlacedEntry) => boolean): readonly PlacedEntry[] {
  const first = entries.findIndex(isFirst);
  return first < 0 ? [] : entries.slice(first);
}

const hasField = ({ fields }: PlacedEntry, { field, value }: FieldValue): boolean =>
  fields[field] !== undefined && Buffer.from(fields[field]).equals(Buffer.from(value));

/** All of the fields, any of each one's values. */
const matchesGroup = (entry: PlacedEntry, group: readonly FieldValue[]): boolean =>
  group.every(({ field }) => group.some((pair) => pair.field === field && hasField(entry, pair)));

/** The cursor's own entry, or a copy of it. */
function isOf(entry: PlacedEntry, cursor: string): boolean {
  const [copied] = cursorOf(entry).split(';b=').slice(1);
  return cursor === cursorOf(entry) || cursor.endsWith(`;b=${copied}`);
}

function isAtOrBehind(entry: PlacedEntry, target: JournalTarget): boolean {
  switch (target.to) {
    case 'head':
      return true;
    case 'tail':
      return false;
    case 'time':
      return entry.realtime >= target.at * 1000;
    case 'boot':
      return entry.boot === target.boot && entry.monotonic >= target.monotonic;
    case 'cursor': {
      const known = parseCursor(target.cursor);
      if (known === undefined) return false;
      if (entry.seqnumId === known.seqnumId) return entry.seqnum > known.seqnum;
      if (entry.boot === known.boot) return entry.monotonic >= known.monotonic;
      return entry.realtime >= known.realtime;
    }
  }
}
