import type { Millis } from '../../core/base/time.ts';
import { readIsoTime } from '../../core/event/clock-text.ts';
import type { RawLine } from '../../core/event/event.ts';
import { isDigit } from '../../core/event/fields.ts';
import { Scan } from '../../core/event/scan.ts';
import { SyslogReader } from '../../core/event/syslog.ts';
import type { ZoneOffset } from '../../core/event/syslog-time.ts';
import { FIELD, FIELDS, LAST_OF_SSHD, type LineReader } from '../../native/lines/port.ts';
import type { ReadLines } from '../segments/index.ts';
import type { Chunk, FileLines } from './lines.ts';

/** Reads sshd's lines alone. */
const SSHD = 'sshd';
/** Parsers whose lines are read here where they are usual, and the others as ever. */
export const READ_USUAL: ReadonlySet<string> = new Set(['syslog', SSHD]);

/** Lines of one call. */
const ROWS = 2048;
/** Bytes of their messages. */
const MESSAGES = 256 * 1024;
/** Texts that are remembered; user names are an attacker's choice. */
const MOST_TEXTS = 1 << 13;
/** Lines of another form of time after which the rest of a piece is taken to be of that form too. */
const MOST_STRANGE = 16;
const NEWLINE = 0x0a;
/** Longer than any time of the usual forms. */
const CLOCK_UNITS = 48;
/** `2026-11-22T01:02:` */
const ISO_MINUTE = 17;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:([0-5]\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** What the times of lines begin and end with, and the moment their minute began. */
interface Minute {
  readonly text: string;
  readonly zone: string;
  readonly began: number;
}

function isoMinuteOf(text: string): Minute | undefined {
  const [, seconds = '', fraction = '', zone = ''] = ISO_TIME.exec(text) ?? [];
  const at = readIsoTime(new Scan(text));
  if (zone === '' || at === undefined) return undefined;
  const began = at - Number(seconds) * 1000 - Number(fraction.padEnd(3, '0').slice(0, 3));
  return began >= 0 ? { text: text.slice(0, ISO_MINUTE), zone, began } : undefined;
}

/** Who takes what a piece of a file holds, in its order. */
export interface LineTaker {
  /** So many lines of which the parser would have made what `ReadEvent` makes of them. They are good until it returns. */
  read(lines: ReadLines, line: number, count: number): void;
  /** For the parser. */
  readonly line: (line: RawLine) => void;
}

/** Who knows texts by their numbers, too. */
export interface TextLearner {
  /** The next texts, by where they begin and end in the piece. */
  learn(piece: Uint8Array, places: Uint32Array, count: number): void;
  /** All: numbers begin at 1 again. */
  forget(): void;
}

/**
 * Reads pieces of files by `native/lines`, and leaves to the parsers whatever that leaves. A line costs a tenth so, and
 * nothing has to be compiled before it goes fast.
 */
export class UsualLines {
  readonly #reader: LineReader;
  readonly #minutes: SyslogReader;
  readonly #lines: FileLines;
  readonly #learner: TextLearner | undefined;
  #isoMinute: Minute | undefined;
  readonly #rows = new Uint32Array(ROWS * FIELDS);
  readonly #fresh = new Uint32Array(ROWS * 4);
  readonly #messages = Buffer.alloc(MESSAGES);
  #texts: string[] = [''];

  constructor(reader: LineReader, lines: FileLines, zone: ZoneOffset, learner?: TextLearner) {
    this.#learner = learner;
    this.#reader = reader;
    this.#lines = lines;
    this.#minutes = new SyslogReader(zone);
  }

  each(chunk: Chunk, taker: LineTaker): void {
    const bytes = Buffer.from(chunk.bytes.buffer, chunk.bytes.byteOffset, chunk.bytes.length);
    const receivedAt = chunk.receivedAt as Millis;
    if (this.#texts.length > MOST_TEXTS) this.#forget();
    let from = 0;
    let strange = 0;
    while (from < bytes.length && strange < MOST_STRANGE) {
      const minute = this.#minuteAt(bytes, from, receivedAt);
      if (minute === undefined) {
        strange++;
        const end = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
        this.#leave(chunk, bytes, from, end, taker);
        from = end;
        continue;
      }
      const { rows, fresh, next } = this.#read(bytes, from, minute);
      this.#learn(bytes, fresh);
      this.#take(chunk, bytes, { rows, began: minute.began }, taker);
      if (rows === 0) break;
      from = next;
    }
    this.#leave(chunk, bytes, from, bytes.length, taker);
    this.#lines.passedOver(chunk, taker.line);
  }

  /** The minute of the line that begins there; undefined when its time is of another form, or of another year. */
  #minuteAt(bytes: Buffer, from: number, receivedAt: Millis): Minute | undefined {
    const end = bytes.indexOf(NEWLINE, from);
    const text = bytes.toString('latin1', from, Math.min(end < 0 ? bytes.length : end, from + CLOCK_UNITS));
    if (isDigit(text.charCodeAt(0))) {
      if (this.#isoMinute?.text !== text.slice(0, ISO_MINUTE)) this.#isoMinute = isoMinuteOf(text);
      return this.#isoMinute;
    }
    this.#minutes.read(text, receivedAt);
    const minute = this.#minutes.minute(receivedAt);
    return minute !== undefined && text.startsWith(minute.text) ? { ...minute, zone: '' } : undefined;
  }

  #read(bytes: Buffer, from: number, { text, zone }: Minute) {
    return this.#reader.read(bytes, from, text, zone, this.#rows, this.#fresh, this.#messages);
  }

  #learn(bytes: Buffer, fresh: number): void {
    if (fresh > 0) this.#learner?.learn(bytes, this.#fresh, fresh);
    for (let i = 0; i < fresh; i++) {
      this.#texts.push(bytes.toString('latin1', this.#fresh[i * 2] as number, this.#fresh[i * 2 + 1] as number));
    }
  }

  #forget(): void {
    this.#reader.forget();
    this.#learner?.forget();
    this.#texts = [''];
  }

  #take(chunk: Chunk, bytes: Buffer, { rows: count, began }: { rows: number; began: number }, taker: LineTaker): void {
    const { source, offset, provenance } = chunk;
    const rows = this.#rows;
    const receivedAt = chunk.receivedAt as Millis;
    const last = chunk.parser === SSHD ? LAST_OF_SSHD : Number.POSITIVE_INFINITY;
    const messages = this.#messages;
    const lines: ReadLines = { rows, texts: this.#texts, messages, offset, source, provenance, began, receivedAt };
    let first = 0;
    for (let line = 0; line < count * FIELDS; line += FIELDS) {
      const action = rows[line + FIELD.action] as number;
      if (action !== 0 && action <= last) continue;
      if (line > first) taker.read(lines, first, (line - first) / FIELDS);
      first = line + FIELDS;
      const end = rows[line + FIELD.end] as number;
      // A run of lines ends behind its last newline, a line before it.
      this.#leave(chunk, bytes, rows[line + FIELD.start] as number, action === 0 ? end : end + 1, taker);
    }
    if (count * FIELDS > first) taker.read(lines, first, count - first / FIELDS);
  }

  /** Leaves lines to the parser. */
  #leave(chunk: Chunk, bytes: Buffer, start: number, end: number, taker: LineTaker): void {
    if (start === end) return;
    this.#lines.within(chunk, bytes.subarray(start, end), chunk.offset + start, taker.line);
  }
}
