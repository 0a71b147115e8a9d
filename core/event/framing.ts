import { sha256Hex } from '../base/ids.ts';
import type { LineFlaw } from './event.ts';

/** The longest line that is read, its `\n` not counted. The rest of a longer one is skipped unread. */
export const MAX_LINE_BYTES = 256 * 1024;

/** How much of a file's first line its fingerprint covers. */
export const FINGERPRINT_BYTES = 1024;

/**
 * Hex digits of a fingerprint: 128 bits. Half would tell apart every file a host will ever have, but first lines hold
 * attacker-chosen text, and 2^32 tries for a collision is an afternoon's work where 2^64 is not.
 */
const FINGERPRINT_DIGITS = 32;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SMALL = 4096;

/** One line as it stands in the file. */
export interface FramedLine {
  /** Byte offset of its first byte in the file. */
  readonly offset: number;
  /** Without `\n` or `\r\n`; bytes that are not UTF-8 are U+FFFD. Empty when flawed. */
  readonly text: string;
  readonly flaw?: LineFlaw;
}

/**
 * Cuts a file, fed as consecutive chunks, into lines. Memory is bounded by one line cap whatever the file holds.
 *
 * - A line longer than `MAX_LINE_BYTES` is reported once, as `too-long`, as soon as it passes the cap; the rest of it is
 *   skipped. A reader that restarts inside such a line begins again at `committed`, and it is reported again.
 * - A line with a control byte other than tab is `binary`: syslog writers escape them (`#011`, `\t`), so such bytes are
 *   a damaged or foreign file. Zeros left by a crash make the one line they stand before binary.
 */
export class LineFramer {
  readonly #decoder = new TextDecoder();
  #next: number;
  #committed: number;
  /** Bytes of the line begun in earlier chunks; `#carried` of them are in use. */
  #carry = Buffer.alloc(SMALL);
  #carried = 0;
  #skipping = false;

  /** @param offset where the first chunk begins; must be the start of a line */
  constructor(offset = 0) {
    this.#next = offset;
    this.#committed = offset;
  }

  /** Everything before this offset was given out as lines; always the start of a line, so a cursor may stand here. */
  get committed(): number {
    return this.#committed;
  }

  /** The offset at which the next chunk must begin. */
  get next(): number {
    return this.#next;
  }

  /** Goes on elsewhere, at the start of a line; what was begun is forgotten. */
  jump(offset: number): void {
    this.#next = offset;
    this.#committed = offset;
    this.#skipping = false;
    this.#drop();
  }

  /**
   * The lines that end in this chunk, in order. Keeps no reference to the chunk.
   * @throws RangeError when the chunk does not begin at `next`: that is a bug of the reader
   */
  push(chunk: Uint8Array, offset: number): FramedLine[] {
    const lines: FramedLine[] = [];
    this.each(chunk, offset, (line) => lines.push(line));
    return lines;
  }

  /** As `push`, one line after the other: none is held while the next is made. `visit` must not use the framer. */
  each(chunk: Uint8Array, offset: number, visit: (line: FramedLine) => void): void {
    if (offset !== this.#next) throw new RangeError(`chunk at ${offset}, expected ${this.#next}`);
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const line = this.#finish(bytes, start, end);
      start = end + 1;
      this.#committed = offset + start;
      if (line !== undefined) visit(line);
    }
    this.#next = offset + chunk.length;
    const overlong = this.#keep(bytes, start);
    if (overlong !== undefined) visit(overlong);
  }

  /**
   * The unfinished line at the end, as a line: for a recorded file that will not grow. Undefined when there is none.
   * The framer is then at a line's start.
   */
  end(): FramedLine | undefined {
    const line = this.#next > this.#committed ? this.#finish(Buffer.alloc(0), 0, 0) : undefined;
    this.#committed = this.#next;
    return line;
  }

  #finish(chunk: Buffer, start: number, end: number): FramedLine | undefined {
    if (this.#skipping) {
      this.#skipping = false;
      return undefined;
    }
    if (this.#carried + end - start > MAX_LINE_BYTES) {
      this.#drop();
      return { offset: this.#committed, text: '', flaw: 'too-long' };
    }
    if (this.#carried === 0) return this.#line(chunk, start, end);
    this.#append(chunk, start, end);
    const line = this.#line(this.#carry, 0, this.#carried);
    this.#drop();
    return line;
  }

  #line(bytes: Buffer, start: number, end: number): FramedLine {
    const until = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const kinds = kindsOf(bytes, start, until);
    if (kinds === BINARY) return { offset: this.#committed, text: '', flaw: 'binary' };
    // Nearly every line is ASCII, and those are read at a third of what the decoder takes.
    const text =
      kinds === ASCII ? bytes.toString('latin1', start, until) : this.#decoder.decode(bytes.subarray(start, until));
    return { offset: this.#committed, text };
  }

  #keep(chunk: Buffer, start: number): FramedLine | undefined {
    if (this.#skipping || start === chunk.length) return undefined;
    if (this.#carried + chunk.length - start <= MAX_LINE_BYTES) {
      this.#append(chunk, start, chunk.length);
      return undefined;
    }
    this.#skipping = true;
    this.#drop();
    return { offset: this.#committed, text: '', flaw: 'too-long' };
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.#carry.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#carry.length * 2));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(chunk.subarray(start, end), this.#carried);
    this.#carried = needed;
  }

  /** Forgets the carried bytes; a buffer grown for one long line is not kept for the thousands of short ones. */
  #drop(): void {
    this.#carried = 0;
    if (this.#carry.length > SMALL) this.#carry = Buffer.alloc(SMALL);
  }
}

/**
 * The bytes that identify a file, taken from its head: its first line without the line ending, or the first
 * `FINGERPRINT_BYTES` of a longer one. Undefined while the line is incomplete: such a file has no identity yet and
 * nothing in it has a position.
 */
export function firstLineOf(head: Uint8Array): Uint8Array | undefined {
  const end = head.subarray(0, FINGERPRINT_BYTES).indexOf(NEWLINE);
  if (end >= 0) return head.subarray(0, end);
  return head.length >= FINGERPRINT_BYTES ? head.subarray(0, FINGERPRINT_BYTES) : undefined;
}

/**
 * A file's identity for `Position.source`: SHA-256 over its first complete line, at most `FINGERPRINT_BYTES` of it, as
 * 32 hex digits. A line ending at the end is left out. Rename, rotation and copies keep it; truncation changes it.
 */
export function fingerprintOf(firstLine: Uint8Array): string {
  const capped = firstLine.subarray(0, FINGERPRINT_BYTES);
  let end = capped.length;
  if (end > 0 && capped[end - 1] === NEWLINE) end--;
  if (end > 0 && capped[end - 1] === CARRIAGE_RETURN) end--;
  return sha256Hex(capped.subarray(0, end)).slice(0, FINGERPRINT_DIGITS);
}

const ASCII = 0;
const BEYOND_ASCII = 1;
const BINARY = 2;

/** Of the bytes together the worst. */
function kindsOf(bytes: Uint8Array, start: number, end: number): typeof ASCII | typeof BEYOND_ASCII | typeof BINARY {
  let all = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return BINARY;
    all |= byte;
  }
  return all < 0x80 ? ASCII : BEYOND_ASCII;
}
