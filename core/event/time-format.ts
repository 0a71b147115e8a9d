import { fail, ok, type Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import { readCommonLogTime, readCtime, readIsoTime, readLocalTime, readMonth, readOffset } from './clock-text.ts';
import { isDigit } from './fields.ts';
import type { Scan } from './scan.ts';
import { civil, fromLocal, inferYear, type ZoneOffset } from './syslog-time.ts';

/**
 * Reads a time at a position and moves past it.
 * @returns milliseconds since 1970, NaN when it names no moment, undefined when there is no such text
 */
export type TimeReader = (scan: Scan, receivedAt: Millis, zone: ZoneOffset) => number | undefined;

/** Ready-made forms, by name. */
export const TIME_FORMATS: Readonly<Record<string, { readonly example: string; readonly read: TimeReader }>> = {
  iso8601: { example: '2026-11-22T01:02:03.123+01:00', read: (scan) => readIsoTime(scan) },
  local: { example: '2026-11-22 01:02:03', read: (scan, _at, zone) => readLocalTime(scan, '-', zone) },
  common_log: { example: '22/Nov/2026:01:02:03 +0000', read: (scan) => readCommonLogTime(scan) },
  ctime: { example: 'Sun Nov 22 01:02:03 2026', read: (scan, _at, zone) => readCtime(scan, zone) },
  epoch: { example: '1795309323.123', read: (scan) => readEpoch(scan, 1000) },
  epoch_ms: { example: '1795309323123', read: (scan) => readEpoch(scan, 1) },
  epoch_us: { example: '1795309323123456', read: (scan) => readEpoch(scan, 0.001) },
};

/** A count of some unit since 1970, a fraction optional. @param unit in milliseconds */
function readEpoch(scan: Scan, unit: number): number | undefined {
  const start = scan.at;
  while (isDigit(scan.text.charCodeAt(scan.at)) && scan.at - start < 17) scan.at++;
  if (scan.at === start) return undefined;
  if (scan.text.charCodeAt(scan.at) === DOT && isDigit(scan.text.charCodeAt(scan.at + 1))) {
    scan.at++;
    const fraction = scan.at;
    while (isDigit(scan.text.charCodeAt(scan.at)) && scan.at - fraction < 9) scan.at++;
  }
  const at = Math.floor(Number(scan.text.slice(start, scan.at)) * unit);
  return at <= LAST_MOMENT ? at : Number.NaN;
}

/** The last that a Date holds. */
const LAST_MOMENT = 8.64e15;
const DOT = 0x2e;
const SPACE = 0x20;

/** What a pattern fills in. */
interface Parts {
  year: number | undefined;
  month: number;
  day: number;
  msOfDay: number;
  offset: number | undefined;
}

/** Reads one part. @returns whether it stood there */
type PartReader = (scan: Scan, parts: Parts) => boolean;

const PARTS: Readonly<Record<string, PartReader>> = {
  Y: (scan, parts) => take(scan.digits(4), (value) => (parts.year = value)),
  y: (scan, parts) => take(scan.digits(2), (value) => (parts.year = 2000 + value)),
  m: (scan, parts) => take(scan.digits(2), (value) => (parts.month = value - 1)),
  d: (scan, parts) => take(scan.digits(2), (value) => (parts.day = value)),
  e: (scan, parts) => take(scan.skip(SPACE) ? scan.digits(1) : dayOf(scan), (value) => (parts.day = value)),
  b: (scan, parts) => take(readMonth(scan) ?? -1, (value) => (parts.month = value)),
  H: (scan, parts) => take(upTo(scan, 23), (value) => (parts.msOfDay += value * 3_600_000)),
  M: (scan, parts) => take(upTo(scan, 59), (value) => (parts.msOfDay += value * 60_000)),
  S: (scan, parts) => take(upTo(scan, 60), (value) => (parts.msOfDay += value * 1000)),
  T: (scan, parts) => inTurn('H:M:S', scan, parts),
  F: (scan, parts) => inTurn('Y-m-d', scan, parts),
  f: (scan, parts) => take(fraction(scan), (value) => (parts.msOfDay += value)),
  z: (scan, parts) => {
    const offset = readOffset(scan);
    if (offset === undefined) return false;
    parts.offset = offset;
    return true;
  },
  a: (scan) => {
    scan.at += 3;
    return true;
  },
};

/** Parts with one character between. */
const inTurn = (pattern: string, scan: Scan, parts: Parts): boolean =>
  [...pattern].every((letter, i) =>
    i % 2 === 0 ? (PARTS[letter]?.(scan, parts) ?? false) : scan.skip(letter.charCodeAt(0)),
  );

function take(value: number, use: (value: number) => void): boolean {
  if (value < 0) return false;
  use(value);
  return true;
}

const upTo = (scan: Scan, most: number): number => {
  const value = scan.digits(2);
  return value > most ? -1 : value;
};

const dayOf = (scan: Scan): number => scan.digits(isDigit(scan.text.charCodeAt(scan.at + 1)) ? 2 : 1);

/** Digits of a second behind its point: tenths, milliseconds, microseconds. @returns whole milliseconds */
function fraction(scan: Scan): number {
  const start = scan.at;
  while (isDigit(scan.text.charCodeAt(scan.at)) && scan.at - start < 9) scan.at++;
  return scan.at === start ? -1 : Math.floor(Number(`0.${scan.text.slice(start, scan.at)}`) * 1000);
}

/**
 * Compiles a name of `TIME_FORMATS` or a pattern in strftime's words: %Y %y %m %b %d %e %H %M %S %f %T %F %z %a and %%.
 * A pattern must name a month, a day and a time of day; without a year the latest is taken that is not ahead, without an
 * offset the machine's zone.
 */
export function compileTimeFormat(format: string): Result<TimeReader, 'bad_time_format'> {
  if (Object.hasOwn(TIME_FORMATS, format)) return ok((TIME_FORMATS[format] as { readonly read: TimeReader }).read);
  const bad = (why: string) => fail('bad_time_format', why);
  if (!format.includes('%')) {
    return bad(`is none of ${Object.keys(TIME_FORMATS).join(', ')}, and no pattern such as "%Y-%m-%d %H:%M:%S"`);
  }
  const steps: PartReader[] = [];
  let letters = '';
  for (let i = 0; i < format.length; i++) {
    const letter = format[i] === '%' ? format.charAt(i + 1) : '';
    if (letter === '' || letter === '%') {
      if (letter === '%') i++;
      else if (format[i] === '%') return bad('ends in a lone %');
      const code = format.charCodeAt(i);
      steps.push((scan) => scan.skip(code));
      continue;
    }
    const part = Object.hasOwn(PARTS, letter) ? PARTS[letter] : undefined;
    if (part === undefined) return bad(`holds %${letter}; known are ${knownParts()}`);
    steps.push(part);
    letters += letter === 'F' ? 'Ymd' : letter === 'T' ? 'HMS' : letter;
    i++;
  }
  if (!/[mb]/.test(letters) || !/[de]/.test(letters) || !/H/.test(letters) || !/M/.test(letters)) {
    return bad('names no whole moment; a month (%m or %b), a day (%d or %e), %H and %M must be in it');
  }
  return ok((scan, receivedAt, zone) => readParts(steps, scan, receivedAt, zone));
}

const knownParts = (): string => [...Object.keys(PARTS), '%'].map((letter) => `%${letter}`).join(' ');

function readParts(steps: readonly PartReader[], scan: Scan, receivedAt: Millis, zone: ZoneOffset): number | undefined {
  const parts: Parts = { year: undefined, month: 0, day: 0, msOfDay: 0, offset: undefined };
  if (!steps.every((step) => step(scan, parts))) return undefined;
  const { year, month, day, msOfDay, offset } = parts;
  const of: ZoneOffset = offset === undefined ? zone : () => offset;
  const at =
    year === undefined
      ? (inferYear(month, day, msOfDay, receivedAt, of) ?? Number.NaN)
      : fromLocal(civil(year, month, day, msOfDay), of);
  return at >= 0 ? at : Number.NaN;
}
