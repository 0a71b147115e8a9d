import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import { streamBatches, streamBooks } from '../../core/keys/records.ts';
import { hexOf } from '../../core/link/hex.ts';
import { BATCH_BYTES, DEGRADATION, type StreamBook } from '../../core/link/outbox.ts';
import type { StreamState } from '../../core/link/reported.ts';
import { type Gap, STREAMS, type StreamItem, type StreamName } from '../../core/link/stream.ts';
import { gapBytes, itemBytes, type Part, partsOf } from '../link-wire/index.ts';
import type { Records, StoreOp, StorePort } from '../store/index.ts';
import { type Batch, endOf } from './batch-line.ts';
import { Commits } from './commits.ts';
import type { Outgoing, Priority, SendFailure } from './port.ts';
import { bodyKeyOf, deleted, Stream } from './stream.ts';

/** Where batches go. */
export interface Carrier {
  send(message: Outgoing, priority: Priority): Promise<Result<void, SendFailure>>;
  /** Bytes that one message may hold now. */
  largestPayload(topic: string): number;
}

export interface OutboxDeps {
  readonly store: StorePort;
  readonly records: Pick<Records, 'get' | 'list'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly carrier: Carrier;
  readonly topic: (stream: StreamName) => string;
  readonly bounds: () => { readonly maxBytes: number; readonly maxAge: Millis };
  /** The store was damaged: what it says of numbers may be older than what was sent. */
  readonly isRepaired: boolean;
}

/** While the link is up, how long an item waits for company. */
const LINGER: Millis = millis(200);
/** And while it is down, what nobody else keeps, which is lost with the process until then. */
const LINGER_OFFLINE: Millis = seconds(30);
/** And what is on record elsewhere, which comes again after a restart: full batches are few, and go out faster. */
const LINGER_ON_RECORD: Millis = minutes(5);
/** So long what was sealed without a link may wait for the disk: then a link that comes back waits for no disk. */
const SYNC_OFFLINE: Millis = seconds(5);
const LOOK_EVERY: Millis = minutes(1);
/** Batches of one stream between the store and the broker. */
const AHEAD = 16;
/** And read while those are under way: half of them at a time, 1 MiB at the most. */
const READ_AHEAD = 32;
/** What of incidents and events stays for replays, as a share of the bound. */
const KEPT_SHARE = 1 / 16;
/** And what is not sealed yet, at the most. */
const GATHERED_SHARE = 1 / 16;
const EPOCH_BYTES = 8;
/** What the broker has is written down so many batches at a time, or after so long. A process that dies sends those again. */
const NOTED_AT_ONCE = 24;
const NOTED_WITHIN: Millis = millis(50);
/** A broker that refuses what we send is asked again after this. */
const REFUSED_PAUSE: Millis = seconds(30);
/** Streams whose items only the outbox has. */
const OWN: readonly StreamName[] = ['incident', 'event'];

/**
 * What is on its way to a controller: items in sealed batches, each written down before it is sent and deleted when the broker
 * has it. The bound on what waits is kept by giving up the oldest, least important stream first; a gap says so in its place.
 * A disk that is lost keeps streams from being sent: numbers that were told must not be given to something else later.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #commits: Commits;
  readonly #streams = new Map<StreamName, Stream>();
  readonly #lingering = new Map<StreamName, () => void>();
  readonly #draining = new Set<StreamName>();
  /** Counts connections: what an earlier one answers is of no interest. */
  #up = 0;
  #isUp = false;
  #cancelLook: (() => void) | undefined;
  #cancelSync: (() => void) | undefined;
  /** What the broker has, on its way out of the store. */
  readonly #gone: StoreOp[] = [];
  #acknowledgedBatches = 0;
  #cancelNote: (() => void) | undefined;
  #trouble: string | undefined;
  #refusedUntil = millis(0);

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#commits = new Commits(deps.store);
  }

  /** What keeps streams from being sent, though there is a connection. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  async load(): Promise<void> {
    const { records, isRepaired, clock } = this.#deps;
    const found: StoreOp[] = [];
    for (const name of STREAMS) {
      const stored = await records.get(streamBooks, [name]);
      const stream = new Stream(name, stored ?? this.#newBook(), clock);
      const batches: Batch[] = [];
      for await (const [[, first], note] of records.list(streamBatches, [name])) {
        const isSent = first + note.count - 1 <= stream.book.sent;
        batches.push({ ...note, first, state: isSent ? 'sent' : 'waiting' });
      }
      const [kept, stale] = OWN.includes(name)
        ? [batches, []]
        : [batches.filter(({ state }) => state !== 'sent'), batches.filter(({ state }) => state === 'sent')];
      const ops = [...stale.flatMap((batch) => deleted(name, batch)), ...stream.restore(kept)];
      this.#streams.set(name, stream);
      if (isRepaired && stored !== undefined) ops.push(...stream.begin(this.#newEpoch(), stream.taken));
      found.push(...ops, stream.booked());
    }
    await this.#commits.write(found, { sync: true });
    this.#look();
  }

  stop(): Promise<unknown> {
    this.closed();
    this.#cancelLook?.();
    this.#cancelSync?.();
    this.#noteGone();
    const ops = STREAMS.flatMap((name) => this.#streams.get(name)?.seal() ?? []);
    return this.#commits.write(ops, { sync: true });
  }

  #newEpoch(): string {
    return hexOf(this.#deps.random.bytes(EPOCH_BYTES));
  }

  #newBook(): StreamBook {
    return { epoch: this.#newEpoch(), offset: 0, shift: 0, sealed: 0, sent: 0 };
  }

  #stream(name: StreamName): Stream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new Error(`stream ${name} before the outbox was loaded`);
    return stream;
  }

  /** Serial of the newest item that was taken, of streams that are kept elsewhere, too. */
  taken(name: StreamName): number {
    return this.#stream(name).taken;
  }

  /** How each stream stands, as it is reported. */
  states(): readonly StreamState[] {
    return [...this.#streams.values()].map(({ name, book, newest, waitingBytes }) => ({
      stream: name,
      epoch: book.epoch,
      newest: newest - book.offset,
      sent: Math.max(0, book.sent - book.offset),
      waitingBytes,
    }));
  }

  counters(): Readonly<
    Record<StreamName, { readonly items: number; readonly sent: number; readonly givenUp: number }>
  > {
    const of = (name: StreamName) => this.#streams.get(name)?.counters ?? { items: 0, sent: 0, givenUp: 0 };
    return { finding: of('finding'), incident: of('incident'), audit: of('audit'), event: of('event') };
  }

  get waitingBytes(): number {
    return [...this.#streams.values()].reduce((sum, stream) => sum + stream.waitingBytes, 0);
  }

  /** Adds an item behind the newest. */
  add(name: StreamName, item: StreamItem, at: Millis): void {
    const stream = this.#stream(name);
    const { maxAge } = this.#deps.bounds();
    if (stream.isPast(at, maxAge)) {
      this.skip(name, { count: 1, reason: 'age', oldestAt: at, newestAt: at });
      return;
    }
    const ops = stream.append(itemBytes(item), at);
    if (ops.length > 0) this.#sealed(ops);
    this.#linger(stream);
  }

  /** Numbers behind the newest that nobody gets. */
  skip(name: StreamName, gap: Gap): void {
    this.#sealed(this.#stream(name).skip(gap));
  }

  /** The appliance numbers its own records anew behind `serial`. */
  renumber(name: StreamName, serial: number): void {
    this.#deps.log('warn', 'a stream to the controller begins another numbering', { stream: name, after: serial });
    this.#sealed(this.#stream(name).begin(this.#newEpoch(), serial));
  }

  /** Resolves when what was added is in the store; what adds a lot waits for it. */
  async settled(): Promise<void> {
    if (this.#commits.pending > 0) await this.#commits.write([], { sync: false });
  }

  #linger(stream: Stream): void {
    if (stream.tailItems === 0 || this.#lingering.has(stream.name)) return;
    const offline = OWN.includes(stream.name) ? LINGER_OFFLINE : LINGER_ON_RECORD;
    const cancel = this.#deps.clock.after(this.#isUp ? LINGER : offline, () => {
      this.#lingering.delete(stream.name);
      const ops = stream.seal();
      if (ops.length > 0) this.#sealed(ops);
    });
    this.#lingering.set(stream.name, cancel);
  }

  #sealed(ops: readonly StoreOp[]): void {
    const more = this.#bound();
    this.#write([...ops, ...more], this.#isUp);
    this.#trimBodies();
    if (!this.#isUp) this.#syncSoon();
  }

  #syncSoon(): void {
    this.#cancelSync ??= this.#deps.clock.after(SYNC_OFFLINE, () => {
      this.#cancelSync = undefined;
      this.#write(this.#booked(), true);
    });
  }

  #booked(): readonly StoreOp[] {
    return [...this.#streams.values()].map((stream) => stream.booked());
  }

  /** Everything up to here is on the disk when that is done. */
  #write(ops: readonly StoreOp[], isSync: boolean): void {
    const ends = [...this.#streams.values()].map((stream) => [stream, stream.book.sealed] as const);
    void this.#commits.write(ops, { sync: isSync }).then((kept) => {
      if (!isSync) return;
      if (kept.ok) for (const [stream, end] of ends) stream.durable = Math.max(stream.durable, end);
      this.#trouble = kept.ok ? undefined : `streams wait, since nothing can be written down: ${kept.public}`;
      this.#drainAll();
    });
  }

  /** Only what is sent soon is held in memory. */
  #trimBodies(): void {
    for (const { line } of this.#streams.values()) {
      const { last } = line;
      if (last?.body !== undefined && (!this.#isUp || line.waiting > AHEAD)) delete last.body;
    }
  }

  /** Gives up what there is no room for. */
  #bound(): readonly StoreOp[] {
    const { maxBytes } = this.#deps.bounds();
    // What gathers until the next look has its room in the bound.
    const most = maxBytes - Math.min(BATCH_BYTES, maxBytes * GATHERED_SHARE);
    const ops: StoreOp[] = [];
    for (const name of DEGRADATION) {
      const stream = this.#streams.get(name);
      while (stream !== undefined && this.waitingBytes > most) {
        const given = stream.giveUp('size');
        if (given === undefined) break;
        ops.push(...given);
      }
    }
    return ops;
  }

  /** Gives up what is too old. */
  #look(): void {
    const { clock, bounds } = this.#deps;
    this.#cancelLook?.();
    this.#cancelLook = clock.after(LOOK_EVERY, () => this.#look());
    const { maxAge, maxBytes } = bounds();
    const before = clock.now() - maxAge;
    const ops: StoreOp[] = [];
    for (const stream of this.#streams.values()) {
      for (let old = stream.line.oldestWaiting(); old !== undefined; old = stream.line.oldestWaiting()) {
        if (old.newestAt >= before) break;
        ops.push(...(stream.giveUp('age') ?? []));
      }
      const isOver = (batch: Batch, kept: number) => kept > maxBytes * KEPT_SHARE || batch.newestAt < before;
      ops.push(...stream.line.dropKept(isOver).flatMap((batch) => deleted(stream.name, batch)));
    }
    // A disk that was lost may be back.
    const isStuck = this.#isUp && this.#trouble !== undefined;
    if (ops.length > 0 || isStuck) this.#sealed(ops);
  }

  /** A connection stands. */
  opened(): void {
    this.#up++;
    this.#isUp = true;
    for (const cancel of this.#lingering.values()) cancel();
    this.#lingering.clear();
    for (const { line } of this.#streams.values()) line.rewind();
    // What is on record already, and what still waited for company, goes to the disk at once and then out.
    this.#sealed([...this.#streams.values()].flatMap((stream) => [...stream.seal(), stream.booked()]));
    this.#drainAll();
  }

  closed(): void {
    this.#up++;
    this.#isUp = false;
    for (const { line } of this.#streams.values()) {
      for (const batch of line.upcoming(READ_AHEAD)) delete batch.reading;
      line.rewind();
      for (const batch of line.upcoming(READ_AHEAD)) delete batch.reading;
    }
  }

  #drainAll(): void {
    if (!this.#isUp) return;
    for (const stream of this.#streams.values()) void this.#drain(stream);
  }

  /** Hands batches of one stream to the carrier, in order, a few ahead. */
  async #drain(stream: Stream): Promise<void> {
    const { name, line } = stream;
    if (this.#draining.has(name)) return;
    this.#draining.add(name);
    try {
      while (this.#isUp && line.outstanding < AHEAD) {
        const batch = line.peek();
        if (batch === undefined || endOf(batch) > stream.durable || this.#deps.clock.now() < this.#refusedUntil) return;
        this.#readAhead(stream);
        line.begin();
        const up = this.#up;
        const body = await (batch.reading ?? this.#bodyOf(name, batch));
        if (this.#up !== up) return;
        void this.#send(stream, batch, body, up);
      }
    } finally {
      this.#draining.delete(name);
    }
  }

  /** Reads what comes next while the broker has not answered yet; a read takes longer than its turn. */
  #readAhead({ name, line, durable }: Stream): void {
    if (line.ahead(READ_AHEAD / 2)?.reading !== undefined) return;
    // What is not written yet is held nowhere but there, once it is trimmed.
    const next = line.upcoming(READ_AHEAD).filter((batch) => endOf(batch) <= durable);
    if (next.at(-1)?.reading !== undefined) return;
    for (const batch of next) batch.reading ??= this.#bodyOf(name, batch);
  }

  async #bodyOf(name: StreamName, batch: Batch): Promise<Uint8Array> {
    if (batch.body !== undefined) return batch.body;
    const { epoch, number, count, oldestAt, newestAt, gap } = batch;
    if (gap !== undefined) return gapBytes({ epoch, number }, { count, reason: gap, oldestAt, newestAt });
    const body = await this.#deps.store.getBytes(bodyKeyOf(name, batch)).catch(() => undefined);
    return body ?? gapBytes({ epoch, number }, { count, reason: 'lost', oldestAt, newestAt });
  }

  async #send(stream: Stream, batch: Batch, body: Uint8Array, up: number): Promise<void> {
    const { carrier, topic } = this.#deps;
    const name = topic(stream.name);
    const most = carrier.largestPayload(name);
    const parts = this.#parts(batch, body, most);
    const sent = await Promise.all(
      parts.map(({ bytes }) => carrier.send({ topic: name, payload: bytes, message: 'StreamBatch' }, stream.name)),
    );
    if (this.#up !== up) return;
    const failed = sent.find((one) => !one.ok);
    if (failed !== undefined && !failed.ok) return this.#notSent(failed.code, failed.public);
    this.#acknowledged(stream, batch);
    void this.#drain(stream);
  }

  /** In messages that the link takes. */
  #parts(
    { epoch, number, count, oldestAt, newestAt }: Batch,
    body: Uint8Array,
    most: number,
  ): readonly Pick<Part, 'bytes'>[] {
    if (body.length <= most) return [{ bytes: body }];
    try {
      return partsOf(body, { most });
    } catch {
      return [{ bytes: gapBytes({ epoch, number }, { count, reason: 'lost', oldestAt, newestAt }) }];
    }
  }

  #acknowledged(stream: Stream, batch: Batch): void {
    const gone = stream.acknowledge(batch);
    if (gone.length === 0) return;
    if (!OWN.includes(stream.name)) {
      for (const one of gone) this.#gone.push(...deleted(stream.name, one));
      stream.line.dropKept(() => true);
    }
    this.#acknowledgedBatches += gone.length;
    if (this.#acknowledgedBatches >= NOTED_AT_ONCE) this.#noteGone();
    else this.#cancelNote ??= this.#deps.clock.after(NOTED_WITHIN, () => this.#noteGone());
  }

  /** Not forced to the disk: after a power cut the same goes out again under the same numbers. */
  #noteGone(): void {
    this.#cancelNote?.();
    this.#cancelNote = undefined;
    this.#acknowledgedBatches = 0;
    void this.#commits.write([...this.#gone.splice(0), ...this.#booked()], { sync: false });
  }

  /** A connection that ended begins it anew by itself. */
  #notSent(code: SendFailure, why: string): void {
    if (code !== 'refused' && code !== 'too_large') return;
    const { clock, log } = this.#deps;
    if (clock.now() < this.#refusedUntil) return;
    log('warn', 'the broker refuses a part of a stream; it is tried again', { reason: why });
    this.#trouble = `the broker refuses streams: ${why}`;
    this.#refusedUntil = millis(clock.now() + REFUSED_PAUSE);
    const up = this.#up;
    clock.after(REFUSED_PAUSE, () => {
      if (this.#up !== up) return;
      this.#trouble = undefined;
      this.#up++;
      for (const { line } of this.#streams.values()) line.rewind();
      this.#drainAll();
    });
  }

  /** What a stream still holds of these numbers, as messages that say that they were asked for; what it does not hold is a gap. */
  async *held(name: StreamName, from: number, to: number): AsyncGenerator<Part> {
    const stream = this.#stream(name);
    const { offset, epoch } = stream.book;
    let next = from;
    const most = this.#deps.carrier.largestPayload(this.#deps.topic(name));
    const missing = (until: number): Part => ({
      number: next,
      bytes: gapBytes(
        { epoch, number: next, isReplayed: true },
        { count: until - next + 1, reason: 'lost', oldestAt: millis(0), newestAt: millis(0) },
      ),
    });
    for (const batch of stream.line.covering(from + offset, to + offset)) {
      if (batch.epoch !== epoch) continue;
      if (batch.number > next) yield missing(batch.number - 1);
      yield* partsOf(await this.#bodyOf(name, batch), { most, from, to, isReplayed: true });
      next = batch.number + batch.count;
    }
    if (next <= to) yield missing(to);
  }

  /** Whether these numbers of a numbering were ever given. */
  judge(
    name: StreamName,
    epoch: string,
    to: number,
  ): Result<{ readonly shift: number }, 'unknown_epoch' | 'out_of_range'> {
    const { book } = this.#stream(name);
    if (epoch !== book.epoch) return fail('unknown_epoch', `the stream ${name} is numbered otherwise now`);
    if (to > book.sealed - book.offset) return fail('out_of_range', `the stream ${name} has no number ${to} yet`);
    return ok({ shift: book.shift - book.offset });
  }
}
