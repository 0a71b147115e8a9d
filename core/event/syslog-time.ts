import { days, type Millis } from '../base/time.ts';

/**
 * Milliseconds that local time is ahead of UTC at a moment given in UTC. Injected: RFC 3164 writes local time without
 * saying whose, and reading the system's zone is not this layer's business. Called twice a line, so it should be cheap.
 */
export type ZoneOffset = (utc: Millis) => number;

export const UTC: ZoneOffset = () => 0;

const DAY = days(1);
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Leap years are at most eight years apart, so this many tries always meet one. */
const YEARS_TO_TRY = 10;

/**
 * The UTC moment of a date on the Gregorian calendar.
 * @param month 0..11
 * @param msOfDay 0..86_400_999, a leap second counting into the next day
 * @returns NaN when there is no such day, or it lies before 1970
 */
export function civil(year: number, month: number, day: number, msOfDay: number): number {
  if (year < 1970 || day < 1 || day > (DAYS_IN_MONTH[month] ?? 0)) return Number.NaN;
  if (month === 1 && day === 29 && !isLeap(year)) return Number.NaN;
  return Date.UTC(year, month, day) + msOfDay;
}

/**
 * A local wall-clock reading as a moment. Of the two moments of an hour that a clock change repeats it names one, and
 * for a reading that a clock change leaves out a neighbour; always the same for the same reading.
 */
export function fromLocal(local: number, zone: ZoneOffset): Millis {
  const guess = local - zone(local as Millis);
  return (local - zone(guess as Millis)) as Millis;
}

/**
 * The moment of a date without a year: in the latest year that does not put it more than a day after `receivedAt`.
 * @returns undefined when no such day exists
 */
export function inferYear(
  month: number,
  day: number,
  msOfDay: number,
  receivedAt: Millis,
  zone: ZoneOffset,
): Millis | undefined {
  const latest = receivedAt + DAY;
  const newest = new Date(latest + DAY).getUTCFullYear();
  for (let year = newest; year > newest - YEARS_TO_TRY; year--) {
    const at = fromLocal(civil(year, month, day, msOfDay), zone);
    if (at <= latest && at >= 0) return at;
  }
  return undefined;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
