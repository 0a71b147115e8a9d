import type { Millis } from '../base/time.ts';
import { MAX_AHEAD, type Unparsed } from './event.ts';
import { civil, fromLocal, inferYear, type ZoneOffset } from './syslog-time.ts';

/** What stands before the message, and the message. Every field is always there: one shape keeps its readers fast. */
export interface SyslogMessage {
  /** Clamped to at most `MAX_AHEAD` after it was received. */
  readonly at: Millis;
  readonly host: string | undefined;
  readonly program: string | undefined;
  readonly pid: number | undefined;
  readonly message: string;
}

const EMPTY: Unparsed = { unparsed: 'empty' };
const NO_HEADER: Unparsed = { unparsed: 'no-header' };
const BAD_TIME: Unparsed = { unparsed: 'bad-time' };

const SPACE = 0x20;
const DOT = 0x2e;
const COLON = 0x3a;
const DASH = 0x2d;
const PLUS = 0x2b;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const MONTHS: ReadonlyMap<string, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, i) => [name, i]),
);

/**
 * Reads one line as syslog daemons write it to a file or send it:
 *
 * - RFC 3164, `<PRI>` optional: `Nov 22 01:02:03 host tag[pid]: message`; day padded with a space, a zero or nothing;
 *   local time by `zone`, the year by `inferYear`. The host may be missing, as on /dev/log.
 * - the same with an RFC 3339 time, rsyslog's default: `2026-11-22T01:02:03.123456+01:00 host tag[pid]: message`
 * - RFC 5424: `<34>1 2026-11-22T01:02:03Z host app procid msgid [sd] message`
 *
 * Total: any text gives a message or the reason why not.
 */
export function parseSyslog(text: string, receivedAt: Millis, zone: ZoneOffset): SyslogMessage | Unparsed {
  if (text.trim() === '') return EMPTY;
  const scan = new Scan(text);
  const hasPri = skipPri(scan);
  if (hasPri && text.startsWith('1 ', scan.at)) {
    scan.at += 2;
    return readRfc5424(scan, receivedAt);
  }
  const at = isDigit(text.charCodeAt(scan.at)) ? readIsoTime(scan) : readBsdTime(scan, receivedAt, zone);
  if (at === undefined || !scan.skip(SPACE)) return NO_HEADER;
  if (Number.isNaN(at)) return BAD_TIME;
  return readHostAndTag(scan, clamp(at, receivedAt));
}

/** A position in a text. The readers move it past what they took, and leave it anywhere when they fail. */
export class Scan {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skip(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at++;
    return true;
  }

  /** A number of exactly `count` digits, or -1. */
  digits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const code = this.text.charCodeAt(this.at + i);
      if (!isDigit(code)) return -1;
      value = value * 10 + code - 48;
    }
    this.at += count;
    return value;
  }

  /** Up to the next space, which is skipped, or the end. */
  word(): string {
    const space = this.text.indexOf(' ', this.at);
    const end = space < 0 ? this.text.length : space;
    const word = this.text.slice(this.at, end);
    this.at = Math.min(end + 1, this.text.length);
    return word;
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

export const clamp = (at: number, receivedAt: Millis): Millis => Math.min(at, receivedAt + MAX_AHEAD) as Millis;

function skipPri(scan: Scan): boolean {
  if (scan.text.charCodeAt(0) !== 0x3c) return false;
  const end = scan.text.indexOf('>');
  if (end < 2 || end > 4) return false;
  for (let i = 1; i < end; i++) if (!isDigit(scan.text.charCodeAt(i))) return false;
  scan.at = end + 1;
  return true;
}

/** `Nov 22 01:02:03`. @returns undefined when there is no such text, NaN when it names no moment */
export function readBsdTime(scan: Scan, receivedAt: Millis, zone: ZoneOffset): number | undefined {
  const month = MONTHS.get(scan.text.slice(scan.at, scan.at + 3));
  if (month === undefined) return undefined;
  scan.at += 3;
  if (!scan.skip(SPACE)) return undefined;
  scan.skip(SPACE);
  const isPadded = isDigit(scan.text.charCodeAt(scan.at + 1));
  const day = scan.digits(isPadded ? 2 : 1);
  if (day < 0 || !scan.skip(SPACE)) return undefined;
  const msOfDay = readClock(scan);
  if (msOfDay === undefined) return undefined;
  return inferYear(month, day, msOfDay, receivedAt, zone) ?? Number.NaN;
}

/** `2026-11-22T01:02:03.123456+01:00`. @returns as `readBsdTime` */
export function readIsoTime(scan: Scan): number | undefined {
  const year = scan.digits(4);
  if (year < 0 || !scan.skip(DASH)) return undefined;
  const month = scan.digits(2);
  if (month < 0 || !scan.skip(DASH)) return undefined;
  const day = scan.digits(2);
  if (day < 0 || !scan.skip(0x54)) return undefined;
  const msOfDay = readClock(scan);
  const offset = readOffset(scan);
  if (msOfDay === undefined || offset === undefined) return undefined;
  const at = fromLocal(civil(year, month - 1, day, msOfDay), () => offset);
  return at >= 0 ? at : Number.NaN;
}

/** `01:02:03`, a fraction optional. @returns milliseconds of the day, NaN when out of range, undefined when not a time */
function readClock(scan: Scan): number | undefined {
  const hour = scan.digits(2);
  if (hour < 0 || !scan.skip(COLON)) return undefined;
  const minute = scan.digits(2);
  if (minute < 0 || !scan.skip(COLON)) return undefined;
  const second = scan.digits(2);
  if (second < 0) return undefined;
  let fraction = 0;
  if (scan.skip(DOT)) {
    let weight = 100;
    for (let digit = scan.digits(1); digit >= 0; digit = scan.digits(1)) {
      fraction += digit * Math.floor(weight);
      weight /= 10;
    }
  }
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  return ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
}

/** `Z`, `+01:00`, `-0330`. @returns milliseconds, NaN when out of range, undefined when not an offset */
function readOffset(scan: Scan): number | undefined {
  if (scan.skip(0x5a)) return 0;
  const sign = scan.skip(PLUS) ? 1 : scan.skip(DASH) ? -1 : 0;
  if (sign === 0) return undefined;
  const hour = scan.digits(2);
  scan.skip(COLON);
  const minute = scan.digits(2);
  if (hour < 0 || minute < 0) return undefined;
  return hour > 23 || minute > 59 ? Number.NaN : sign * (hour * 60 + minute) * 60_000;
}

/** `host tag[pid]: message`, `tag[pid]: message`, `host tag message`. */
export function readHostAndTag(scan: Scan, at: Millis): SyslogMessage | Unparsed {
  const { text } = scan;
  const first = scan.at;
  const host = scan.word();
  if (host === '') return NO_HEADER;
  if (host.charCodeAt(host.length - 1) === COLON) {
    scan.at = first;
    return readTag(scan, at, undefined);
  }
  while (scan.at < text.length && text.charCodeAt(scan.at) === SPACE) scan.at++;
  return scan.at === text.length ? NO_HEADER : readTag(scan, at, host);
}

function readTag(scan: Scan, at: Millis, host: string | undefined): SyslogMessage {
  const { text } = scan;
  const start = scan.at;
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === COLON || code === OPEN || code === SPACE) break;
  }
  const program = text.slice(start, end);
  let pid: number | undefined;
  if (text.charCodeAt(end) === OPEN) {
    const close = text.indexOf(']', end);
    if (close >= 0) {
      pid = readPid(text, end + 1, close);
      end = close + 1;
    }
  }
  if (text.charCodeAt(end) === COLON) end++;
  if (text.charCodeAt(end) === SPACE) end++;
  return { at, host, program: program === '' ? undefined : program, pid, message: text.slice(end) };
}

export function readPid(text: string, start: number, end: number): number | undefined {
  if (end === start || end - start > 10) return undefined;
  let pid = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    pid = pid * 10 + code - 48;
  }
  return pid;
}

function readRfc5424(scan: Scan, receivedAt: Millis): SyslogMessage | Unparsed {
  if (scan.text.startsWith('- ', scan.at)) return BAD_TIME;
  const at = readIsoTime(scan);
  if (at === undefined || !scan.skip(SPACE)) return NO_HEADER;
  const host = nil(scan.word());
  const program = nil(scan.word());
  const procid = scan.word();
  const msgid = scan.word();
  if (msgid === '' || !skipStructuredData(scan)) return NO_HEADER;
  if (Number.isNaN(at)) return BAD_TIME;
  scan.skip(SPACE);
  scan.skip(0xfeff);
  const pid = readPid(procid, 0, procid.length);
  return { at: clamp(at, receivedAt), host, program, pid, message: scan.text.slice(scan.at) };
}

export const nil = (field: string): string | undefined => (field === '-' || field === '' ? undefined : field);

/** `-`, or elements `[id name="value" …]` in which `"`, `\` and `]` inside a value are escaped by `\`. */
export function skipStructuredData(scan: Scan): boolean {
  const { text } = scan;
  if (scan.skip(DASH)) return true;
  if (text.charCodeAt(scan.at) !== OPEN) return false;
  while (scan.skip(OPEN)) {
    let isQuoted = false;
    while (scan.at < text.length && (isQuoted || text.charCodeAt(scan.at) !== CLOSE)) {
      const code = text.charCodeAt(scan.at);
      if (code === QUOTE) isQuoted = !isQuoted;
      scan.at += isQuoted && code === BACKSLASH ? 2 : 1;
    }
    if (!scan.skip(CLOSE)) return false;
  }
  return true;
}
