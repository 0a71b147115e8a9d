import type { Clock } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { days, type Millis, seconds } from '../../core/base/time.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import type { BlockPort } from '../../native/blocks/port.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { BlockBuilder } from './block-builder.ts';
import { decodeHeader } from './block-codec.ts';
import { bloomOf } from './bloom.ts';
import { BLOCK_ROWS } from './columns.ts';
import type { SegmentDisk } from './effects.ts';
import { type SegmentPosition, samePosition } from './position.ts';
import type { ReadLines } from './read-lines.ts';
import { type CurrentSegment, freshSegment, resume } from './resume.ts';
import { encodeFooter, encodeSegmentHeader, entryOf, openName, sealedName, tailName } from './segment-file.ts';
import type { DamagedPart } from './segment-reader.ts';

/**
 * `ok`, `slow` (the disk does not keep up: lines are dropped until it does), `out` (the disk refuses: lines are dropped
 * until it takes them again).
 */
export type StorageState = 'ok' | 'slow' | 'out';

export interface StorageStatus {
  readonly state: StorageState;
  /** What the disk says, while it is `out`. */
  readonly why?: string;
  /** Lines kept, and lines that were judged and not kept, since this writer was made. */
  readonly kept: number;
  readonly dropped: number;
  readonly blocks: number;
  readonly sealed: number;
}

export interface WriterParts {
  readonly disk: SegmentDisk;
  readonly clock: Clock;
  /** The state changed. */
  readonly changed?: (status: StorageStatus) => void;
  /** What was found unreadable when the writer took the directory over. */
  readonly damaged?: (part: DamagedPart) => void;
  readonly limits?: WriterLimits;
  /** Packs blocks; without it that is done plainly. */
  readonly blocks?: BlockPort;
}

/** How far things grow; given by tests, which cannot wait for a million rows. */
export interface WriterLimits {
  /** Rows of a full block. */
  readonly rows: number;
  /** Blocks of a full segment. */
  readonly blocks: number;
  /** Parts of a tail; then it is written anew as one. */
  readonly tailBlocks: number;
  /** Bytes on their way to the disk; what comes on top is dropped. */
  readonly pending: number;
}

/** A segment of a million rows. */
const LIMITS: WriterLimits = { rows: BLOCK_ROWS, blocks: 256, tailBlocks: 64, pending: 16 << 20 };
const SEGMENT_BYTES = 128 << 20;
/** A segment is sealed at that age, so that retention by age drops it in time. */
const SEGMENT_AGE: Millis = days(1);
/** UTF-16 units; no source makes such a line. */
const MAX_MESSAGE = 1 << 20;
const RETRY: Millis = seconds(10);

/**
 * Writes every line into segments. `keep` only gathers; a full block is encoded and handed to the disk, which is never
 * waited for. `mark` makes durable what was kept so far: the rows of the block being filled go into a tail file until
 * the block is full. Nothing here throws or rejects: a disk that fails costs the lines since the last mark and those
 * that come until it is back, all of them counted. A disk that hangs holds marks back, and nothing else.
 */
export class SegmentWriter {
  readonly #disk: SegmentDisk;
  readonly #clock: Clock;
  readonly #parts: WriterParts;
  readonly #limits: WriterLimits;
  readonly #builder: BlockBuilder;
  #state: StorageState = 'out';
  #why = 'not opened yet';
  #current: CurrentSegment;
  #durable: SegmentPosition | undefined;
  /** `#kept` when that was marked. */
  #keptDurable = 0;
  /** Tails whose rows are elsewhere too, once that is durable. */
  #obsolete: string[] = [];
  /** What goes to the disk, in order. */
  #work: Promise<void> = Promise.resolve();
  #pending = 0;
  /** Counts failures: work that was begun before one is left undone. */
  #run = 0;
  #cancelRetry: (() => void) | undefined;
  #kept = 0;
  #dropped = 0;
  #blocks = 0;
  #sealed = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#disk = parts.disk;
    this.#clock = parts.clock;
    this.#limits = parts.limits ?? LIMITS;
    this.#builder = new BlockBuilder(this.#limits.rows, parts.blocks);
    this.#current = freshSegment(1, parts.clock.now());
  }

  /** Goes on behind a position, or begins. @returns what is durable now; undefined while the disk refuses */
  async open(position: SegmentPosition | undefined): Promise<SegmentPosition | undefined> {
    this.#durable = position;
    this.#resume();
    await this.#work;
    return this.#state === 'out' ? undefined : this.#durable;
  }

  keep(line: KeptLine): void {
    if (this.#state === 'out' || line.message.length > MAX_MESSAGE || !this.#hasRoom()) {
      this.#dropped++;
      return;
    }
    this.#builder.add(line);
    this.#kept++;
    if (this.#builder.isFull) this.#finishBlock();
  }

  /** As `keep`, of so many lines that `native/lines` has read; none of those is long. */
  keepRead(lines: ReadLines, line: number, count: number): void {
    for (let done = 0; done < count; ) {
      if (this.#state === 'out' || !this.#hasRoom()) {
        this.#dropped += count - done;
        return;
      }
      const taken = this.#builder.addRead(lines, line + done * FIELDS, count - done);
      this.#kept += taken;
      done += taken;
      if (this.#builder.isFull) this.#finishBlock();
    }
  }

  /** Resolves when all that was kept before is durable, or was given up. @returns what is durable then */
  mark(): Promise<SegmentPosition | undefined> {
    if (this.#state === 'out') return Promise.resolve(this.#durable);
    const current = this.#current;
    const rows = current.rows + this.#builder.rows;
    if (rows > 0 && this.#clock.now() - current.madeAt >= SEGMENT_AGE) this.#seal();
    if (this.#builder.rows > this.#current.tailRows) this.#writeTail();
    const position = this.#position();
    if (this.#durable !== undefined && samePosition(position, this.#durable)) return Promise.resolve(this.#durable);
    const kept = this.#kept;
    const obsolete = this.#obsolete.splice(0);
    const { segment, generation } = position;
    this.#enqueue(0, async () => {
      await this.#disk.sync([openName(segment), tailName(segment, generation)]);
      this.#durable = position;
      this.#keptDurable = kept;
      for (const name of obsolete) await this.#disk.remove(name);
    });
    return this.#work.then(() => this.#durable);
  }

  /** Marks, and lets go of the files. */
  async close(): Promise<void> {
    await this.mark();
    await this.#work;
    this.#run++;
    this.#state = 'out';
    this.#why = 'closed';
    this.#cancelRetry?.();
    await this.#disk.close().catch(() => {});
  }

  status(): StorageStatus {
    return {
      state: this.#state,
      ...(this.#state === 'out' ? { why: this.#why } : {}),
      kept: this.#kept,
      dropped: this.#dropped,
      blocks: this.#blocks,
      sealed: this.#sealed,
    };
  }

  /** Once the disk was too slow it has to catch up by half, so that its state is told now and then, not line by line. */
  #hasRoom(): boolean {
    const limit = this.#state === 'slow' ? this.#limits.pending / 2 : this.#limits.pending;
    const isRoom = this.#pending <= limit;
    this.#become(isRoom ? 'ok' : 'slow');
    return isRoom;
  }

  #position(): SegmentPosition {
    const { segment, length, rows, generation, tailRows } = this.#current;
    return { segment, length, rows, generation, tailRows };
  }

  #finishBlock(): void {
    this.#begin();
    const current = this.#current;
    const { rows } = this.#builder;
    const place = { first: current.rows, generation: current.generation, isFinal: true };
    const block = this.#builder.write({ from: 0, to: rows }, place);
    this.#write(openName(current.segment), block, current.length);
    current.entries.push(entryOf(current.length, decodeHeader(block.subarray(0, block.readUInt32LE(12)))));
    current.terms.addList(this.#builder.terms);
    current.length += block.length;
    current.rows += rows;
    this.#blocks++;
    this.#builder.clear();
    this.#nextTail();
    if (current.entries.length >= this.#limits.blocks || current.length >= SEGMENT_BYTES) this.#seal();
  }

  /** Makes the file of a segment when the first rows come. */
  #begin(): void {
    const current = this.#current;
    if (current.length > 0) return;
    current.madeAt = this.#clock.now();
    const header = encodeSegmentHeader(current);
    this.#write(openName(current.segment), header, 0);
    current.length = header.length;
  }

  /** Rows of the block being filled that the tail has not yet. */
  #writeTail(): void {
    this.#begin();
    const current = this.#current;
    if (current.tailBlocks >= this.#limits.tailBlocks) this.#nextTail();
    const { rows } = this.#builder;
    const from = current.tailRows;
    const place = { first: current.rows + from, generation: current.generation, isFinal: false };
    const block = this.#builder.write({ from, to: rows }, place);
    this.#write(tailName(current.segment, current.generation), block, current.tailLength);
    current.tailLength += block.length;
    current.tailRows = rows;
    current.tailBlocks++;
  }

  #nextTail(): void {
    const current = this.#current;
    if (current.tailLength > 0) this.#obsolete.push(tailName(current.segment, current.generation));
    current.generation++;
    current.tailLength = 0;
    current.tailRows = 0;
    current.tailBlocks = 0;
  }

  #seal(): void {
    if (this.#builder.rows > 0) this.#finishBlock();
    const { segment, entries, terms, length } = this.#current;
    // Finishing the block may have sealed the segment already.
    if (entries.length === 0) return;
    const now = this.#clock.now();
    const name = openName(segment);
    this.#write(name, encodeFooter(entries, bloomOf(terms), length, now), length);
    const obsolete = this.#obsolete.splice(0);
    this.#enqueue(0, async () => {
      await this.#disk.sync([name]);
      await this.#disk.rename(name, sealedName(segment));
      await this.#disk.sync([]);
      for (const tail of obsolete) await this.#disk.remove(tail);
      this.#sealed++;
    });
    this.#current = freshSegment(segment + 1, now);
  }

  #write(name: string, bytes: Uint8Array, at: number): void {
    this.#enqueue(bytes.length, () => this.#disk.write(name, bytes, at));
  }

  #enqueue(bytes: number, act: () => Promise<void>): void {
    const run = this.#run;
    this.#pending += bytes;
    this.#work = this.#work
      .then(() => (run === this.#run ? act() : undefined))
      .catch((cause: unknown) => {
        if (run === this.#run) this.#fail(cause);
      })
      .then(() => {
        this.#pending -= bytes;
      });
  }

  /** Everything since the last mark is given up: what of it reached the disk is cut off when that is back. */
  #fail(cause: unknown): void {
    this.#run++;
    this.#dropped += this.#kept - this.#keptDurable;
    this.#kept = this.#keptDurable;
    this.#builder.clear();
    this.#obsolete = [];
    this.#become('out', messageOf(cause));
    this.#disk.close().catch(() => {});
    this.#cancelRetry = this.#clock.after(RETRY, () => this.#resume());
  }

  #resume(): void {
    this.#enqueue(0, async () => {
      const { current, damages } = await resume(this.#disk, this.#durable, {
        builder: this.#builder,
        now: this.#clock.now(),
      });
      this.#current = current;
      this.#durable = this.#position();
      for (const part of damages) this.#parts.damaged?.(part);
      this.#become('ok');
    });
  }

  #become(state: StorageState, why = ''): void {
    const isNews = this.#state !== state || this.#why !== why;
    this.#state = state;
    this.#why = why;
    if (isNews) this.#parts.changed?.(this.status());
  }
}
