import type { Clock } from '../../core/base/ports.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { streamBatches, streamBodies, streamBooks } from '../../core/keys/records.ts';
import { BATCH_BYTES, BATCH_ITEMS, type StreamBook } from '../../core/link/outbox.ts';
import type { Gap, StreamName } from '../../core/link/stream.ts';
import { batchBytes } from '../link-wire/index.ts';
import type { StoreOp } from '../store/index.ts';
import { type Batch, BatchLine, endOf } from './batch-line.ts';

/** Of a gap as carried. */
const GAP_BYTES = 48;

/** What is not in a batch yet. */
interface Tail {
  readonly items: Uint8Array[];
  bytes: number;
  oldestAt: Millis;
  newestAt: Millis;
}

const emptyTail = (): Tail => ({ items: [], bytes: 0, oldestAt: millis(0), newestAt: millis(0) });

/** A change of the stream and what has to be written down with it. */
export interface Step {
  readonly ops: readonly StoreOp[];
}

/**
 * One stream: items are numbered when they stand in a batch that is on record, and so say the same for ever. Decides alone;
 * whoever calls writes down what comes back, in order.
 */
export class Stream {
  readonly name: StreamName;
  readonly line = new BatchLine();
  readonly #clock: Pick<Clock, 'now'>;
  #book: StreamBook;
  #tail = emptyTail();
  /** Position up to which everything is on the disk. */
  durable = 0;
  readonly counters = { items: 0, sent: 0, givenUp: 0 };

  constructor(name: StreamName, book: StreamBook, clock: Pick<Clock, 'now'>) {
    this.name = name;
    this.#book = book;
    this.#clock = clock;
  }

  get book(): StreamBook {
    return this.#book;
  }

  /** Of the newest item, which may not be in a batch yet. */
  get newest(): number {
    return this.#book.sealed + this.#tail.items.length;
  }

  /** Serial in the appliance's own records of the newest item. */
  get taken(): number {
    return this.newest - this.#book.shift;
  }

  get tailItems(): number {
    return this.#tail.items.length;
  }

  get waitingBytes(): number {
    return this.line.waitingBytes + this.#tail.bytes;
  }

  /** Takes up what is on record. */
  restore(batches: readonly Batch[]): readonly StoreOp[] {
    const ops: StoreOp[] = [];
    let expected = this.#book.sent + 1;
    for (const batch of batches) {
      if (batch.first > this.#book.sealed) {
        ops.push(...deleted(this.name, batch));
        continue;
      }
      if (batch.first > expected) ops.push(...this.#lost(expected, batch.first - expected));
      this.line.add(batch);
      expected = Math.max(expected, endOf(batch) + 1);
    }
    if (expected <= this.#book.sealed) ops.push(...this.#lost(expected, this.#book.sealed - expected + 1));
    this.durable = this.#book.sealed;
    return ops;
  }

  /** Numbers whose records are gone. */
  #lost(first: number, count: number): readonly StoreOp[] {
    const gap = this.#gapBatch({ first, count, reason: 'lost', oldestAt: millis(0), newestAt: millis(0) });
    this.line.add(gap);
    return [noted(this.name, gap)];
  }

  /** @param bytes as `itemBytes` makes them. @returns what a full batch writes down */
  append(bytes: Uint8Array, at: Millis): readonly StoreOp[] {
    const tail = this.#tail;
    const sealed = tail.items.length > 0 && tail.bytes + bytes.length > BATCH_BYTES ? this.seal() : [];
    const now = this.#tail;
    now.items.push(bytes);
    now.bytes += bytes.length;
    now.oldestAt = now.items.length === 1 ? at : millis(Math.min(now.oldestAt, at));
    now.newestAt = millis(Math.max(now.newestAt, at));
    this.counters.items++;
    return now.items.length < BATCH_ITEMS ? sealed : [...sealed, ...this.seal()];
  }

  /** What waits for company becomes a batch as it is. */
  seal(): readonly StoreOp[] {
    const { items, oldestAt, newestAt } = this.#tail;
    if (items.length === 0) return [];
    const { epoch, offset, sealed } = this.#book;
    const first = sealed + 1;
    const number = first - offset;
    const body = batchBytes({ epoch, number }, items);
    const batch: Batch = {
      first,
      epoch,
      number,
      count: items.length,
      bytes: body.length,
      oldestAt,
      newestAt,
      body,
      state: 'waiting',
    };
    this.#tail = emptyTail();
    this.line.add(batch);
    this.#book = { ...this.#book, sealed: endOf(batch) };
    return [noted(this.name, batch), { put: bodyKey(this.name, batch), bytes: body }, this.#booked()];
  }

  /** Numbers that nobody gets, behind the newest. */
  skip(gap: Gap): readonly StoreOp[] {
    const sealed = this.seal();
    const { last } = this.line;
    const first = this.#book.sealed + 1;
    this.#book = { ...this.#book, sealed: this.#book.sealed + gap.count };
    this.counters.givenUp += gap.count;
    const isSame = last?.state === 'waiting' && last.gap === gap.reason && last.epoch === this.#book.epoch;
    const batch = isSame
      ? this.#gapBatch({
          ...gap,
          first: last.first,
          count: last.count + gap.count,
          oldestAt: earlier(last.oldestAt, gap.oldestAt),
          newestAt: later(last.newestAt, gap.newestAt),
        })
      : this.#gapBatch({ ...gap, first });
    if (isSame) this.line.replaceLast(batch);
    else this.line.add(batch);
    return [...sealed, noted(this.name, batch), this.#booked()];
  }

  /** Gives up the oldest batch that is not on its way; one gap stands for it and what was given up ahead of it. */
  giveUp(reason: Gap['reason']): readonly StoreOp[] | undefined {
    const batch = this.line.oldestWaiting();
    if (batch === undefined) return undefined;
    const before = this.line.before(batch);
    const isSame = before?.gap === reason && before.epoch === batch.epoch;
    const old = isSame ? [before, batch] : [batch];
    const first = old[0] ?? batch;
    const gap: Batch = {
      first: first.first,
      epoch: first.epoch,
      number: first.number,
      count: old.reduce((count, one) => count + one.count, 0),
      bytes: GAP_BYTES,
      oldestAt: isSame ? earlier(before.oldestAt, batch.oldestAt) : batch.oldestAt,
      newestAt: later(first.newestAt, batch.newestAt),
      gap: reason,
      state: 'waiting',
    };
    this.line.exchange(old, gap);
    this.counters.givenUp += batch.count;
    return [...old.flatMap((one) => deleted(this.name, one)), noted(this.name, gap)];
  }

  /** The broker has a batch. @returns whether that moves the stream on */
  acknowledge(batch: Batch): readonly Batch[] {
    const gone = this.line.acknowledge(batch);
    const last = gone.at(-1);
    if (last === undefined) return [];
    if (batch.gap === undefined) this.counters.sent += batch.count;
    for (const one of gone) {
      delete one.body;
      delete one.reading;
    }
    this.#book = { ...this.#book, sent: endOf(last) };
    return gone;
  }

  /** The book as it stands, to be written down. */
  #booked(): StoreOp {
    return { put: streamBooks.key.encode([this.name]), value: this.#book };
  }

  booked(): StoreOp {
    return this.#booked();
  }

  /**
   * Begins another numbering: the appliance's own records end at an earlier serial than they did, and what comes next has
   * numbers that something else had.
   */
  begin(epoch: string, serial: number): readonly StoreOp[] {
    const ops = this.seal();
    const { sealed } = this.#book;
    this.#book = { ...this.#book, epoch, offset: sealed, shift: sealed - serial };
    return [...ops, this.#booked()];
  }

  #gapBatch({ first, count, reason, oldestAt, newestAt }: Gap & { readonly first: number }): Batch {
    const { epoch, offset } = this.#book;
    return {
      first,
      epoch,
      number: first - offset,
      count,
      bytes: GAP_BYTES,
      oldestAt,
      newestAt,
      gap: reason,
      state: 'waiting',
    };
  }

  /** Older than this is not worth numbering one by one. */
  isPast(at: Millis, maxAge: Millis): boolean {
    return at < this.#clock.now() - maxAge;
  }
}

const earlier = (a: Millis, b: Millis): Millis => (a === 0 ? b : b === 0 ? a : millis(Math.min(a, b)));
const later = (a: Millis, b: Millis): Millis => millis(Math.max(a, b));

const bodyKey = (stream: StreamName, { first }: Batch): string => streamBodies.key.encode([stream, first]);

const noted = (stream: StreamName, { first, body: _, reading: __, state: ___, ...note }: Batch): StoreOp => ({
  put: streamBatches.key.encode([stream, first]),
  value: note,
});

/** A batch and its body are forgotten. */
export const deleted = (stream: StreamName, batch: Batch): readonly StoreOp[] => [
  { del: streamBatches.key.encode([stream, batch.first]) },
  ...(batch.gap === undefined ? [{ del: bodyKey(stream, batch) }] : []),
];

export const bodyKeyOf = bodyKey;
