import type { Clock } from '../../../core/base/ports.ts';
import { messageOf } from '../../../core/base/result.ts';
import type { OpenFile } from './file-system.ts';
import { ANCHOR_BYTES, anchorSum, type FingerprintOf, fingerprintOfHead, LINE_END, type Spot } from './identity.ts';
import { type Chunk, type ChunkSink, type Cursor, MAX_LINE, type Skipped } from './port.ts';
import type { Slots } from './slots.ts';

export interface ReaderParts {
  readonly clock: Clock;
  readonly sink: ChunkSink;
  readonly slots: Slots;
  readonly fingerprintOf: FingerprintOf;
}

export interface ReaderSource {
  readonly path: string;
  readonly parser: string;
  /** What lines read now are worth. */
  readonly provenance: () => Chunk['provenance'];
  readonly file: OpenFile;
  readonly spot: Spot;
  /** Submit the cursor before the first line. */
  readonly announce: boolean;
}

/** How a run over the file ended. */
export type RunEnd =
  /** All whole lines were taken; `progressed`: at least one byte of them in this run. */
  | { readonly kind: 'caught up'; readonly progressed: boolean }
  /** What was read is not there any more. */
  | { readonly kind: 'truncated' }
  /** The first line has come. Since it was not known, another file may have been here in between: look again. */
  | { readonly kind: 'identified' }
  | { readonly kind: 'trouble'; readonly message: string };

/** Told as things happen, for counters. */
export interface ReaderNews {
  /** The sink has the cursor of the place where reading began. */
  begun(): void;
  taken(bytes: number): void;
  skipped(line: Skipped): void;
  ended(end: RunEnd): void;
  /** A bug. */
  crashed(cause: unknown): void;
}

/**
 * The hot path: reads one open file from its place to its end, again whenever it is woken, and submits whole lines. Each
 * read covers the up to 64 bytes before the place as well and compares them, to notice that the file was truncated or
 * rewritten, also when it has grown past the old place since.
 *
 * A last line without its end stays in the file and is read again when more comes. One longer than `MAX_LINE` is passed
 * over window by window; its start remains the cursor until its end is found. Of a file that had no fingerprint when it was
 * opened no line is taken.
 */
export class Reader {
  readonly #parts: ReaderParts;
  readonly #source: ReaderSource;
  readonly #news: ReaderNews;
  readonly #fingerprint: string;
  #place: Place;
  #announce: boolean;
  #wanted = false;
  #running = false;
  #lastRun: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ReaderParts, source: ReaderSource, news: ReaderNews) {
    this.#parts = parts;
    this.#source = source;
    this.#news = news;
    const { fingerprint, offset } = source.spot;
    const anchor = Buffer.from(source.spot.anchor);
    this.#fingerprint = fingerprint;
    this.#place = { offset, at: offset, anchor, sum: anchorSum(anchor) };
    this.#announce = source.announce;
  }

  get cursor(): Cursor {
    const { path, spot } = this.#source;
    const { offset, sum } = this.#place;
    return { path, fingerprint: this.#fingerprint, offset, dev: spot.stat.dev, ino: spot.stat.ino, anchor: sum };
  }

  /** Inside a line that is too long and whose end was not seen yet. */
  get isSkipping(): boolean {
    return this.#place.at !== this.#place.offset;
  }

  /** Starts a run, or has the one under way look once more before it ends. */
  wake(): void {
    this.#wanted = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#lastRun = this.#run().catch((cause: unknown) => this.#news.crashed(cause));
  }

  /** No news comes any more. Resolves when nothing is under way, which may wait for the sink. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#lastRun;
  }

  async #run(): Promise<void> {
    const from = this.#place.offset;
    let end: RunEnd | undefined;
    while (this.#wanted && !this.#stopped && end === undefined) {
      this.#wanted = false;
      const turn = await this.#turn();
      if (turn === 'more') this.#wanted = true;
      else if (turn !== 'end') end = turn;
    }
    this.#running = false;
    if (this.#stopped) return;
    this.#news.ended(end ?? { kind: 'caught up', progressed: this.#place.offset > from });
  }

  /** One window, under a slot. */
  async #turn(): Promise<Turn> {
    const slot = await this.#parts.slots.take();
    try {
      if (this.#stopped) return 'end';
      return await this.#read(slot.scratch);
    } finally {
      slot.release();
    }
  }

  async #read(scratch: Buffer): Promise<Turn> {
    if (this.#announce) {
      const refusal = await this.#submit(this.#place, noLines());
      if (refusal !== undefined) return refusal;
      this.#announce = false;
      this.#news.begun();
    }
    const { anchor, at } = this.#place;
    const asked = anchor.length + MAX_LINE + 1;
    const read = await this.#source.file.read(scratch.subarray(0, asked), at - anchor.length);
    if (this.#stopped) return 'end';
    if (!read.ok) return { kind: 'trouble', message: read.public };
    const filled = scratch.subarray(0, read.value);
    if (!this.#isStill(filled)) return { kind: 'truncated' };
    if (!this.#isWorthTaking(filled)) return 'end';
    if (this.#fingerprint === '') return { kind: 'identified' };
    const change = await this.#changeSince(filled);
    if (change !== undefined) return change;
    if (this.#stopped) return 'end';
    const end = this.isSkipping ? await this.#skip(filled) : await this.#take(filled);
    return end ?? (read.value === asked ? 'more' : 'end');
  }

  /** What was read begins as what was read before it ended; at the beginning, with the first line that was seen there. */
  #isStill(filled: Buffer): boolean {
    const { anchor, at } = this.#place;
    if (at > 0 || this.#fingerprint === '') return anchor.equals(filled.subarray(0, anchor.length));
    return fingerprintOfHead(filled, this.#parts.fingerprintOf) === this.#fingerprint;
  }

  /** There is a whole line behind the anchor, or more than one may have. */
  #isWorthTaking(filled: Buffer): boolean {
    const fresh = filled.length - this.#place.anchor.length;
    return (
      fresh > MAX_LINE || (fresh > 0 && (this.isSkipping || filled.lastIndexOf(LINE_END) >= filled.length - fresh))
    );
  }

  /**
   * A read is not one instant: a truncation and new lines within it leave a mix of two contents. Whoever looks afterwards
   * and finds the same bytes before the place, and just behind it, knows that all of it was the old content.
   */
  async #changeSince(filled: Buffer): Promise<RunEnd | undefined> {
    const again = Buffer.allocUnsafe(Math.min(filled.length, 2 * ANCHOR_BYTES));
    const read = await this.#source.file.read(again, this.#place.at - this.#place.anchor.length);
    if (!read.ok) return { kind: 'trouble', message: read.public };
    const isSame = read.value === again.length && again.equals(filled.subarray(0, again.length));
    return isSame ? undefined : { kind: 'truncated' };
  }

  /** Submits the whole lines behind the anchor; without any, begins to skip. */
  async #take(filled: Buffer): Promise<RunEnd | undefined> {
    const { anchor, at } = this.#place;
    const window = filled.subarray(anchor.length);
    const length = window.lastIndexOf(LINE_END) + 1;
    if (length === 0) {
      this.#place = { ...this.#place, at: at + window.length, anchor: tailOf(filled, filled.length) };
      return undefined;
    }
    const bytes = new Uint8Array(length);
    bytes.set(window.subarray(0, length));
    const refusal = await this.#submit(lineStart(at + length, tailOf(filled, anchor.length + length)), bytes);
    if (refusal === undefined) this.#news.taken(length);
    return refusal;
  }

  /** Looks for the end of an over-long line; when it is there, submits that the line was skipped. */
  async #skip(filled: Buffer): Promise<RunEnd | undefined> {
    const { anchor, at, offset } = this.#place;
    const lineEnd = filled.indexOf(LINE_END, anchor.length);
    if (lineEnd < 0) {
      this.#place = { ...this.#place, at: at + filled.length - anchor.length, anchor: tailOf(filled, filled.length) };
      return undefined;
    }
    const next = at + lineEnd + 1 - anchor.length;
    const line = { offset, length: next - offset };
    const refusal = await this.#submit(lineStart(next, tailOf(filled, lineEnd + 1)), noLines(), line);
    if (refusal !== undefined) return refusal;
    this.#news.skipped(line);
    this.wake();
    return undefined;
  }

  /** Offers lines (or only the place behind them) to the sink; the reader moves to `next` when they were taken. */
  async #submit(next: Place, bytes: Uint8Array<ArrayBuffer>, skipped?: Skipped): Promise<RunEnd | undefined> {
    const { path, parser, provenance } = this.#source;
    const { sink, clock } = this.#parts;
    const before = this.#place;
    this.#place = next;
    const chunk = { path, parser, fingerprint: this.#fingerprint, offset: before.offset, bytes, cursor: this.cursor };
    try {
      await sink.submit({
        ...chunk,
        provenance: provenance(),
        receivedAt: clock.now(),
        ...(skipped === undefined ? {} : { skipped }),
      });
      return undefined;
    } catch (thrown) {
      this.#place = before;
      return { kind: 'trouble', message: notTaken(thrown) };
    }
  }
}

/** Hands over a cursor with which no line comes. @returns why it was not taken */
export async function submitMark(
  { sink, clock }: Pick<ReaderParts, 'sink' | 'clock'>,
  parser: string,
  cursor: Cursor,
): Promise<string | undefined> {
  const { path, fingerprint, offset } = cursor;
  const mark = { path, parser, fingerprint, offset, bytes: noLines(), cursor, provenance: 'file' as const };
  return sink.submit({ ...mark, receivedAt: clock.now() }).then(() => undefined, notTaken);
}

const notTaken = (thrown: unknown): string => `the pipeline does not take lines: ${messageOf(thrown)}`;

type Turn = 'more' | 'end' | RunEnd;

interface Place {
  /** Start of the next line to submit. */
  readonly offset: number;
  /** The next byte to look at: `offset`, or inside an over-long line. */
  readonly at: number;
  /** The up to `ANCHOR_BYTES` bytes before `at`. */
  readonly anchor: Buffer;
  /** Of the bytes before `offset`. */
  readonly sum: number;
}

const noLines = (): Uint8Array<ArrayBuffer> => new Uint8Array(0);

const lineStart = (offset: number, anchor: Buffer): Place => ({ offset, at: offset, anchor, sum: anchorSum(anchor) });

/** A copy, because the memory belongs to the slot. */
const tailOf = (bytes: Buffer, end: number): Buffer =>
  Buffer.from(bytes.subarray(Math.max(0, end - ANCHOR_BYTES), end));
