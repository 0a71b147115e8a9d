import { fail, ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import { Scan } from '../scan.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { type FormatItem, isLiteral, type LogFormat, type Variable } from './log-format.ts';

/** What a scanner hands out while it goes through a line: the text of each variable, or a time. */
export interface LineSink {
  text(variable: number, text: string): void;
  time(at: number): void;
}

/** @returns whether the line has the format, from its first character to its last */
export type LineScanner = (line: string, receivedAt: Millis, zone: ZoneOffset, sink: LineSink) => boolean;

export interface ScannerOptions {
  /** More may follow behind a blank: fields that somebody appended to a well-known format. */
  readonly open?: boolean;
}

/**
 * Compiles a format into a scanner that takes one pass over the line and cannot be led astray by what a client wrote.
 *
 * Web servers escape quotes in values, so the unescaped quotes of a line are the format's own and cut it into pieces.
 * Within a piece everything has a certain extent from the left or from the right, save at most one text between, which
 * is what remains. A format with two texts in one piece (`$remote_user $http_host`) has no certain reading and is refused.
 */
export function compileScanner(format: LogFormat, options: ScannerOptions = {}): Result<LineScanner, 'bad_format'> {
  const pieces: Piece[] = [];
  for (const items of cutAtQuotes(format.items)) {
    const piece = compilePiece(items);
    if (typeof piece === 'string') return fail('bad_format', piece);
    pieces.push(piece);
  }
  const { open = false } = options;
  return ok((line, receivedAt, zone, sink) => {
    const reading: Reading = { line, receivedAt, zone, sink };
    let start = 0;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as Piece;
      const isLast = i === pieces.length - 1;
      const end = isLast ? line.length : quoteFrom(line, start);
      if (end < 0 || !piece(reading, start, end, isLast && open)) return false;
      start = end + 1;
    }
    return true;
  });
}

interface Reading {
  readonly line: string;
  readonly receivedAt: Millis;
  readonly zone: ZoneOffset;
  readonly sink: LineSink;
}

/** Reads one piece, `line[start..end)`. @returns whether it fits; where `open`, what follows a blank need not */
type Piece = (reading: Reading, start: number, end: number, open: boolean) => boolean;

interface Numbered {
  readonly variable: Variable;
  readonly number: number;
}

type PieceItem = string | Numbered;

/** The format's items, cut where it has a quote; variables are numbered by their place in the format. */
function cutAtQuotes(items: readonly FormatItem[]): readonly (readonly PieceItem[])[] {
  const pieces: PieceItem[][] = [[]];
  for (const [number, item] of items.entries()) {
    if (!isLiteral(item)) {
      pieces.at(-1)?.push({ variable: item, number });
      continue;
    }
    for (const [i, part] of item.literal.split('"').entries()) {
      if (i > 0) pieces.push([]);
      if (part !== '') pieces.at(-1)?.push(part);
    }
  }
  return pieces;
}

/** The next quote that no backslash hides, or -1. */
function quoteFrom(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let slashes = 0;
    while (at - slashes > from && line.charCodeAt(at - slashes - 1) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COMMA = 0x2c;

function compilePiece(items: readonly PieceItem[]): Piece | string {
  const texts = items.filter((item): item is Numbered => typeof item !== 'string' && item.variable.extent === 'text');
  const [first, second] = texts;
  if (first !== undefined && second !== undefined) {
    const [a, b] = [first.variable.written, second.variable.written];
    return `has ${a} and ${b} with no quote between: either may hold anything; put one of them in quotes`;
  }
  for (const [i, item] of items.entries()) {
    const next = items[i + 1];
    if (typeof item === 'string' || next === undefined || typeof next === 'string') continue;
    return `has ${item.variable.written} and ${next.variable.written} with nothing between`;
  }
  const middle = first === undefined ? items.length : items.indexOf(first);
  const head = items.slice(0, middle);
  const tail = items.slice(middle + 1).reverse();
  if (tail.some((item) => typeof item !== 'string' && item.variable.extent === 'list')) {
    return 'has a list of upstream values behind a text without quotes; put the text in quotes';
  }
  const forward = head.map((item, i) => forwardStep(item, head[i + 1] ?? first));
  const backward = tail.map((item, i) => backwardStep(item, tail[i + 1] ?? first));
  return (reading, start, end, open) => {
    let left = start;
    for (const step of forward) {
      left = step(reading, left, end);
      if (left < 0) return false;
    }
    if (first === undefined) return left === end || (open && reading.line.charCodeAt(left) === SPACE);
    let right = end;
    for (const step of backward) {
      right = step(reading, left, right);
      if (right < 0) return false;
    }
    reading.sink.text(first.number, reading.line.slice(left, right));
    return true;
  };
}

/** Takes one item off the left, or off the right. @returns the new bound, or -1 when the item is not there */
type Step = (reading: Reading, left: number, right: number) => number;

function forwardStep(item: PieceItem, next: PieceItem | undefined): Step {
  if (typeof item === 'string') {
    return ({ line }, left, right) =>
      left + item.length <= right && line.startsWith(item, left) ? left + item.length : -1;
  }
  const { number, variable } = item;
  const { time, extent } = variable;
  if (extent === 'clock' && time !== undefined) return forwardTime(time);
  const stop = typeof next === 'string' ? next.charCodeAt(0) : SPACE;
  const isList = extent === 'list';
  return (reading, left, right) => {
    const { line, sink } = reading;
    const end = isList ? endOfList(line, left, right) : endOfWord(line, left, right, stop);
    if (end === left) return -1;
    sink.text(number, line.slice(left, end));
    return end;
  };
}

/** A clock that came a moment ago comes again: the last text and its reading are remembered. */
interface KnownTime {
  text: string;
  at: number;
}

const forwardTime = (time: NonNullable<Variable['time']>): Step => {
  const known: KnownTime = { text: '', at: 0 };
  return ({ line, receivedAt, zone, sink }, left, right) => {
    const after = left + known.text.length;
    if (known.text !== '' && after <= right && line.startsWith(known.text, left) && !goesOn(line, after)) {
      sink.time(known.at);
      return after;
    }
    const scan = new Scan(line, left);
    const at = time(scan, receivedAt, zone);
    if (at === undefined || scan.at > right) return -1;
    sink.time(at);
    known.text = line.slice(left, scan.at);
    known.at = at;
    return scan.at;
  };
};

/** Whether a time might be longer than the text before this place. */
function goesOn(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return (code >= 0x30 && code <= COLON) || code === DOT || code === COMMA;
}

const DOT = 0x2e;
const COLON = 0x3a;

/**
 * A word ends before the format's next character, or before a blank. An address may hold colons itself, so where a colon
 * follows it the last one counts.
 */
function endOfWord(line: string, left: number, right: number, stop: number): number {
  let end = left;
  let colon = -1;
  for (; end < right; end++) {
    const code = line.charCodeAt(end);
    if (code === SPACE) break;
    if (code !== stop) continue;
    if (stop !== COLON) return end;
    colon = end;
  }
  return stop === COLON && colon >= 0 ? colon : end;
}

/** `0.012, 0.034 : 0.056`: goes on behind a comma and around a lone colon. */
function endOfList(line: string, left: number, right: number): number {
  let end = endOfWord(line, left, right, SPACE);
  while (end < right) {
    if (line.charCodeAt(end - 1) === COMMA) end = endOfWord(line, end + 1, right, SPACE);
    else if (line.startsWith(' : ', end)) end = endOfWord(line, end + 3, right, SPACE);
    else break;
  }
  return end;
}

function backwardStep(item: PieceItem, before: PieceItem | undefined): Step {
  if (typeof item === 'string') {
    return ({ line }, left, right) =>
      right - item.length >= left && line.startsWith(item, right - item.length) ? right - item.length : -1;
  }
  const { number, variable } = item;
  const { time } = variable;
  if (variable.extent === 'clock' && time !== undefined) return backwardTime(time, before);
  const stop = typeof before === 'string' ? before.charCodeAt(before.length - 1) : SPACE;
  return ({ line, sink }, left, right) => {
    let start = right;
    while (start > left) {
      const code = line.charCodeAt(start - 1);
      if (code === SPACE || code === stop) break;
      start--;
    }
    if (start === right) return -1;
    sink.text(number, line.slice(start, right));
    return start;
  };
}

/** More blanks than any time format has. */
const MOST_LEADS = 5;

/** The literal before a time says where it begins: the last one from which a time reads up to its end. */
function backwardTime(time: NonNullable<Variable['time']>, before: PieceItem | undefined): Step {
  const lead = typeof before === 'string' ? before : '';
  const known: KnownTime = { text: '', at: 0 };
  return ({ line, receivedAt, zone, sink }, left, right) => {
    const again = right - known.text.length;
    if (known.text !== '' && again >= left && line.startsWith(known.text, again) && line.endsWith(lead, again)) {
      sink.time(known.at);
      return again;
    }
    let start = right;
    for (let i = 0; i < MOST_LEADS; i++) {
      start = lead === '' ? left : line.lastIndexOf(lead, start - lead.length - 1) + lead.length;
      if (start < left || start < lead.length) return -1;
      const scan = new Scan(line, start);
      const at = time(scan, receivedAt, zone);
      if (at === undefined || scan.at !== right) continue;
      sink.time(at);
      known.text = line.slice(start, right);
      known.at = at;
      return start;
    }
    return -1;
  };
}
