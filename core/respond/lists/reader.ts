import { fail, ok, type Result } from '../../base/result.ts';
import { columnsOf, type ListColumns } from './columns.ts';
import { Entries, type Widest } from './entries.ts';
import { formatBy, isComment, type LineRead, type LineReader, type ListFormat, lineReader } from './formats.ts';

/** A longer line is bad, whatever it begins with. */
const LONGEST_LINE = 4096;
/** Bad lines that are told one by one. */
const MOST_TOLD = 10;

export interface ListReaderOptions {
  readonly format: ListFormat;
  /** Of a `csv`. */
  readonly column?: string;
  readonly maxEntries: number;
  readonly widest: Widest;
}

/** What was read of a list that can be used. */
export interface ListReading {
  readonly columns: ListColumns;
  /** Good lines, those listed more than once among them. */
  readonly good: number;
  readonly bad: number;
  /** Numbers of the first bad lines, from 1. What they say is told nobody: a source may be a file that is not everybody's. */
  readonly told: readonly number[];
  /** Networks that are wider than is taken, and left out. */
  readonly wide: number;
}

/**
 * Reads a list that comes in pieces of any size. Total: whatever comes in is read or is a bad line. LF and CRLF end a
 * line; a byte order mark, blank lines and comments (`#`, `;`, `//`) are passed over.
 */
export class ListReader {
  readonly #options: ListReaderOptions;
  readonly #entries: Entries;
  readonly #carry = new Uint8Array(LONGEST_LINE);
  /** Bytes of an unfinished line; more than `LONGEST_LINE` when its end is waited for only. */
  #carried = 0;
  #isBegun = false;
  #reader: LineReader | undefined;
  #isPage = false;
  #lines = 0;
  #good = 0;
  #bad = 0;
  #wide = 0;
  readonly #told: number[] = [];

  constructor(options: ListReaderOptions) {
    this.#options = options;
    this.#entries = new Entries(options.widest);
    if (options.format !== 'auto') this.#reader = lineReader(options.format, options.column);
  }

  /** Whether what follows cannot change the outcome. */
  get isOver(): boolean {
    return this.#isPage || this.#isTooMany;
  }

  feed(chunk: Uint8Array): void {
    let from = this.#isBegun ? 0 : this.#begin(chunk);
    while (from < chunk.length && !this.isOver) {
      const end = chunk.indexOf(0x0a, from);
      if (end < 0) {
        this.#keep(chunk, from, chunk.length);
        return;
      }
      if (this.#carried === 0) this.#line(chunk, from, end);
      else {
        this.#keep(chunk, from, end);
        this.#finish();
      }
      from = end + 1;
    }
  }

  end(): Result<ListReading, 'refused'> {
    if (this.#carried > 0 && !this.isOver) this.#finish();
    const { maxEntries } = this.#options;
    if (this.#isPage) return fail('refused', 'it is a web page or the like, not a list');
    if (this.#isTooMany) return fail('refused', `it has more than ${maxEntries} entries`);
    if (this.#bad > this.#good) {
      const [first] = this.#told;
      const where = first === undefined ? '' : `, the first of them is line ${first}`;
      return fail('refused', `${this.#bad} lines of it cannot be read and ${this.#good} can${where}`);
    }
    const columns = columnsOf(this.#entries);
    return ok({ columns, good: this.#good, bad: this.#bad, told: this.#told, wide: this.#wide });
  }

  get #isTooMany(): boolean {
    return this.#entries.count > this.#options.maxEntries;
  }

  /** @returns where the text begins; a mark that comes in pieces makes one bad line */
  #begin(chunk: Uint8Array): number {
    this.#isBegun = chunk.length > 0;
    return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const room = Math.max(0, LONGEST_LINE - this.#carried);
    this.#carry.set(chunk.subarray(from, Math.min(to, from + room)), this.#carried < LONGEST_LINE ? this.#carried : 0);
    this.#carried += to - from;
  }

  #finish(): void {
    const length = this.#carried;
    this.#carried = 0;
    this.#line(this.#carry, 0, length);
  }

  #line(bytes: Uint8Array, from: number, end: number): void {
    this.#lines++;
    let [start, to] = [from, end];
    if (end - from > LONGEST_LINE) {
      this.#tell('bad');
      return;
    }
    while (start < to && isSpace(bytes[start])) start++;
    while (to > start && isSpace(bytes[to - 1])) to--;
    if (start === to || isComment(bytes, start)) return;
    const reader = this.#readerBy(bytes, start, to);
    if (reader !== undefined) this.#tell(reader.line(bytes, start, to, this.#entries));
  }

  #readerBy(bytes: Uint8Array, from: number, to: number): LineReader | undefined {
    if (this.#reader !== undefined) return this.#reader;
    const format = formatBy(bytes, from, to);
    if (format === undefined) this.#isPage = true;
    else this.#reader = lineReader(format, this.#options.column);
    return this.#reader;
  }

  #tell(read: LineRead): void {
    if (read === 'good') this.#good++;
    else if (read === 'wide') this.#wide++;
    else if (read === 'bad') {
      this.#bad++;
      if (this.#told.length < MOST_TOLD) this.#told.push(this.#lines);
    }
  }
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
