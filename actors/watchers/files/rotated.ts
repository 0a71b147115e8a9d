/** Which of a log's rotated files this is: `auth.log.3`, `auth.log-20260131`. */
export type Generation =
  | { readonly kind: 'number'; readonly number: number }
  /** Digits of a date, hour or Unix time, padded so that text order is time order. */
  | { readonly kind: 'stamp'; readonly stamp: string };

export interface RotatedName {
  /** Name of the log this would be a rotated file of. */
  readonly base: string;
  readonly generation: Generation;
  readonly compressed: boolean;
}

const COMPRESSED = /\.(?:gz|bz2|xz|zst|lz4|lzma|lzo|br|zip|7z|Z|z)$/;

/** `20260131`, `2026-01-31`, with an hour, minute and second behind it or not; also ten digits of Unix time. */
const STAMP = String.raw`\d{4}-?\d{2}-?\d{2}(?:[-_.T]?\d{2}(?:[-:.]?\d{2}){0,2})?`;
const NUMBERED = /^(.+)\.(\d{1,5})$/;
const OLD = /^(.+)\.old$/;
const STAMPED = new RegExp(`^(.+)[-._](${STAMP})$`);
const NUMBERED_BEFORE_EXTENSION = /^(.+)\.(\d{1,5})(\.[A-Za-z]\w*)$/;
const STAMPED_BEFORE_EXTENSION = new RegExp(`^(.+)[-._](${STAMP})(\\.[A-Za-z]\\w*)$`);

export const isCompressed = (name: string): boolean => COMPRESSED.test(name);

/**
 * Every log that `name` could be a rotated file of, in the manner of logrotate (`.1`, `dateext`, `dateformat` with an hour
 * or Unix time, `extension .log`), savelog (`.0`) and `.old`. A name says only "could be": see `Siblings` for the proof.
 */
export function readRotatedName(name: string): readonly RotatedName[] {
  const compressed = isCompressed(name);
  const plain = name.replace(COMPRESSED, '');
  const found: RotatedName[] = [];
  const add = (base: string | undefined, generation: Generation): void => {
    if (base !== undefined) found.push({ base, generation, compressed });
  };
  const stamp = STAMPED.exec(plain);
  const number = NUMBERED.exec(plain);
  const old = OLD.exec(plain);
  if (stamp !== null) add(stamp[1], stamped(stamp[2]));
  else if (number !== null) add(number[1], numbered(number[2]));
  if (old !== null) add(old[1], numbered('1'));
  const stampInside = STAMPED_BEFORE_EXTENSION.exec(plain);
  const numberInside = NUMBERED_BEFORE_EXTENSION.exec(plain);
  if (stampInside !== null) add(`${stampInside[1]}${stampInside[3]}`, stamped(stampInside[2]));
  else if (numberInside !== null) add(`${numberInside[1]}${numberInside[3]}`, numbered(numberInside[2]));
  return found;
}

/** How `name` is a rotated file of `base`, if it is named like one. */
export const rotatedFrom = (base: string, name: string): RotatedName | undefined =>
  readRotatedName(name).find((rotated) => rotated.base === base);

/** Positive when `a` was rotated after `b`; 0 when the names do not say. */
export function compareGenerations(a: Generation, b: Generation): number {
  if (a.kind === 'number' && b.kind === 'number') return b.number - a.number;
  if (a.kind === 'stamp' && b.kind === 'stamp') return a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0;
  return 0;
}

const numbered = (digits = '0'): Generation => ({ kind: 'number', number: Number(digits) });

const stamped = (text = ''): Generation => ({ kind: 'stamp', stamp: text.replace(/\D/g, '').padEnd(14, '0') });
