/**
 * Where a record stands among the others: by its moment, and of the same moment by two numbers that are its own for good
 * (segment and row of an event, serial number of a record). Newer records and records that are dropped move no other.
 */
export interface RowKey {
  readonly at: number;
  readonly major: number;
  readonly minor: number;
}

/** Negative where `a` is older. */
export const compareKeys = (a: RowKey, b: RowKey): number => a.at - b.at || a.major - b.major || a.minor - b.minor;

/** As it is handed out: opaque to clients. */
export const printCursor = ({ at, major, minor }: RowKey): string => [at, major, minor].map(printNumber).join('.');

const printNumber = (number: number): string => number.toString(36);

/** Undefined where the text is no cursor. */
export function parseCursor(text: string): RowKey | undefined {
  const match = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(text);
  if (match === null) return undefined;
  const [at = Number.NaN, major = Number.NaN, minor = Number.NaN] = match
    .slice(1)
    .map((part) => Number.parseInt(part, 36));
  return [at, major, minor].every(Number.isSafeInteger) ? { at, major, minor } : undefined;
}

/** Orders behind every real record of its moment. */
export const LAST_NUMBER = Number.MAX_SAFE_INTEGER;
