import { days, type Millis, minutes } from '../base/time.ts';
import { clamp, readClock, readIsoTime, readMonth } from './clock-text.ts';
import type { Unparsed } from './event.ts';
import { isDigit } from './fields.ts';
import { Scan } from './scan.ts';
import { inferYear, type ZoneOffset } from './syslog-time.ts';

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

const DAY = days(1);
const MINUTE = minutes(1);

const SPACE = 0x20;
const COLON = 0x3a;
const DASH = 0x2d;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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
export const parseSyslog = (text: string, receivedAt: Millis, zone: ZoneOffset): SyslogMessage | Unparsed =>
  new SyslogReader(zone).read(text, receivedAt);

/** `parseSyslog` for line after line of one log: what it remembers of the last one changes nothing but the speed. */
export class SyslogReader {
  readonly #zone: ZoneOffset;
  /** The last RFC 3164 time up to its minute, `Nov 22 01:02:`, and the moment that minute began. */
  #minute = 'none';
  #began = 0;

  constructor(zone: ZoneOffset) {
    this.#zone = zone;
  }

  /**
   * The minute of the last RFC 3164 time that was read, as it was written up to the colon before its seconds, and the
   * moment it began; undefined when of lines received at `receivedAt` it would not be of the same year.
   */
  minute(receivedAt: Millis): { readonly text: string; readonly began: number } | undefined {
    return isYearOf(this.#began, receivedAt) ? { text: this.#minute, began: this.#began } : undefined;
  }

  read(text: string, receivedAt: Millis): SyslogMessage | Unparsed {
    if (text.trim() === '') return EMPTY;
    const scan = new Scan(text);
    const hasPri = skipPri(scan);
    if (hasPri && text.startsWith('1 ', scan.at)) {
      scan.at += 2;
      return readRfc5424(scan, receivedAt);
    }
    const at = isDigit(text.charCodeAt(scan.at)) ? readIsoTime(scan) : this.#bsdTime(scan, receivedAt);
    if (at === undefined || !scan.skip(SPACE)) return NO_HEADER;
    if (Number.isNaN(at)) return BAD_TIME;
    return readHostAndTag(scan, clamp(at, receivedAt));
  }

  #bsdTime(scan: Scan, receivedAt: Millis): number | undefined {
    const start = scan.at;
    if (scan.text.startsWith(this.#minute, start) && isYearOf(this.#began, receivedAt)) {
      scan.at += this.#minute.length;
      const second = scan.digits(2);
      if (second >= 0 && second < 60 && scan.text.charCodeAt(scan.at) === SPACE) return this.#began + second * 1000;
      scan.at = start;
    }
    const at = readBsdTime(scan, receivedAt, this.#zone);
    const seconds = scan.at - 2;
    const isWhole = scan.text.charCodeAt(seconds - 1) === COLON;
    if (at !== undefined && at >= 0 && isWhole) {
      const second = Number(scan.text.slice(seconds, scan.at));
      if (second < 60) {
        this.#minute = scan.text.slice(start, seconds);
        this.#began = at - second * 1000;
      }
    }
    return at;
  }
}

/** Whether `inferYear` would still put a minute into this year: it is at most a day ahead, and far from a year behind. */
const isYearOf = (minute: number, receivedAt: Millis): boolean =>
  minute + MINUTE <= receivedAt + DAY && minute > receivedAt - 360 * DAY;

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
  const month = readMonth(scan);
  if (month === undefined || !scan.skip(SPACE)) return undefined;
  scan.skip(SPACE);
  const isPadded = isDigit(scan.text.charCodeAt(scan.at + 1));
  const day = scan.digits(isPadded ? 2 : 1);
  if (day < 0 || !scan.skip(SPACE)) return undefined;
  const msOfDay = readClock(scan);
  if (msOfDay === undefined) return undefined;
  return inferYear(month, day, msOfDay, receivedAt, zone) ?? Number.NaN;
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
