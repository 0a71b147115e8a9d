import type { Millis } from '../base/time.ts';
import { MAX_AHEAD } from './event.ts';
import { Scan } from './scan.ts';
import { civil, fromLocal, type ZoneOffset } from './syslog-time.ts';

const SPACE = 0x20;
const DOT = 0x2e;
const COMMA = 0x2c;
const COLON = 0x3a;
const DASH = 0x2d;
const PLUS = 0x2b;
const SLASH = 0x2f;
const CAPITAL_T = 0x54;
const CAPITAL_Z = 0x5a;

const MONTHS: ReadonlyMap<string, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, i) => [name, i]),
);

/*
 * All readers below return milliseconds since 1970, NaN when the text has the form but names no moment (`24:00:00`,
 * 31 February), and undefined when it has not the form.
 */

/** A month's English name of three letters. @returns 0..11 */
export function readMonth(scan: Scan): number | undefined {
  const month = MONTHS.get(scan.text.slice(scan.at, scan.at + 3));
  if (month !== undefined) scan.at += 3;
  return month;
}

/** `01:02:03`, a fraction optional. @returns milliseconds of the day */
export function readClock(scan: Scan): number | undefined {
  const hour = scan.digits(2);
  if (hour < 0 || !scan.skip(COLON)) return undefined;
  const minute = scan.digits(2);
  if (minute < 0 || !scan.skip(COLON)) return undefined;
  const second = scan.digits(2);
  if (second < 0) return undefined;
  const fraction = scan.skip(DOT) ? readFraction(scan) : 0;
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  return ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
}

/** Digits behind a decimal point. @returns whole milliseconds */
function readFraction(scan: Scan): number {
  let fraction = 0;
  let weight = 100;
  for (let digit = scan.digits(1); digit >= 0; digit = scan.digits(1)) {
    fraction += digit * Math.floor(weight);
    weight /= 10;
  }
  return fraction;
}

/** `Z`, `+01:00`, `-0330`. @returns milliseconds ahead of UTC */
export function readOffset(scan: Scan): number | undefined {
  if (scan.skip(CAPITAL_Z)) return 0;
  const sign = scan.skip(PLUS) ? 1 : scan.skip(DASH) ? -1 : 0;
  if (sign === 0) return undefined;
  const hour = scan.digits(2);
  scan.skip(COLON);
  const minute = scan.digits(2);
  if (hour < 0 || minute < 0) return undefined;
  return hour > 23 || minute > 59 ? Number.NaN : sign * (hour * 60 + minute) * 60_000;
}

/** `2026-11-22T01:02:03.123456+01:00` */
export function readIsoTime(scan: Scan): number | undefined {
  const date = readDate(scan, DASH);
  if (date === undefined || !scan.skip(CAPITAL_T)) return undefined;
  const msOfDay = readClock(scan);
  const offset = readOffset(scan);
  if (msOfDay === undefined || offset === undefined) return undefined;
  return moment(date + msOfDay - offset);
}

/** `2026-11-22 01:02:03`, with `.123` or `,123` behind it, and perhaps an offset. `separator` stands within the date. */
export function readLocalTime(scan: Scan, separator: '-' | '/', zone: ZoneOffset): number | undefined {
  const date = readDate(scan, separator === '-' ? DASH : SLASH);
  if (date === undefined || !scan.skip(SPACE)) return undefined;
  const clock = readClock(scan);
  if (clock === undefined) return undefined;
  const msOfDay = clock + (scan.skip(COMMA) ? readFraction(scan) : 0);
  const next = scan.text.charCodeAt(scan.at + 1);
  if (scan.text.charCodeAt(scan.at) === SPACE && (next === PLUS || next === DASH)) {
    const zoned = new Scan(scan.text, scan.at + 1);
    const offset = readOffset(zoned);
    if (offset !== undefined) {
      scan.at = zoned.at;
      return moment(date + msOfDay - offset);
    }
  }
  return moment(fromLocal(date + msOfDay, zone));
}

/** `Sun Nov 22 05:02:24.141433 2026`, as ctime(3) and Apache write it; the day padded with a space or a zero. */
export function readCtime(scan: Scan, zone: ZoneOffset): number | undefined {
  if (scan.text.charCodeAt(scan.at + 3) !== SPACE) return undefined;
  scan.at += 4;
  const month = readMonth(scan);
  if (month === undefined || !scan.skip(SPACE)) return undefined;
  const day = scan.skip(SPACE) ? scan.digits(1) : scan.digits(2);
  if (day < 0 || !scan.skip(SPACE)) return undefined;
  const msOfDay = readClock(scan);
  if (msOfDay === undefined || !scan.skip(SPACE)) return undefined;
  const year = scan.digits(4);
  return year < 0 ? undefined : moment(fromLocal(civil(year, month, day, msOfDay), zone));
}

/** `22/Nov/2026:05:02:17 +0000` */
export function readCommonLogTime(scan: Scan): number | undefined {
  const day = scan.digits(2);
  if (day < 0 || !scan.skip(SLASH)) return undefined;
  const month = readMonth(scan);
  if (month === undefined || !scan.skip(SLASH)) return undefined;
  const year = scan.digits(4);
  if (year < 0 || !scan.skip(COLON)) return undefined;
  const msOfDay = readClock(scan);
  if (msOfDay === undefined || !scan.skip(SPACE)) return undefined;
  const offset = readOffset(scan);
  return offset === undefined ? undefined : moment(civil(year, month, day, msOfDay) - offset);
}

/** `2026-11-22`. @returns the day's beginning as if it were in UTC */
function readDate(scan: Scan, separator: number): number | undefined {
  const year = scan.digits(4);
  if (year < 0 || !scan.skip(separator)) return undefined;
  const month = scan.digits(2);
  if (month < 0 || !scan.skip(separator)) return undefined;
  const day = scan.digits(2);
  return day < 0 ? undefined : civil(year, month - 1, day, 0);
}

/** A moment before 1970 is none: no log of ours is older, and times are never negative. */
const moment = (at: number): number => (at >= 0 ? at : Number.NaN);

/** A log's clock may be wrong, or lie: never more than `MAX_AHEAD` after the line was received. */
export const clamp = (at: number, receivedAt: Millis): Millis => Math.min(at, receivedAt + MAX_AHEAD) as Millis;
