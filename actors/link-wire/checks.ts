import { type Id, isId } from '../../core/base/ids.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { type Hex, hexOf } from '../../core/link/hex.ts';
import { LAST_MOMENT } from '../../core/link/order.ts';

/** A message says something that it may not; never leaves this folder. `place`: the field, with those around it. */
export class Malformed extends Error {
  readonly place: string;
  readonly what: string;

  constructor(place: string, what: string) {
    super(`${place}: ${what}`);
    this.place = place;
    this.what = what;
  }
}

/** What protobuf may leave out: absent is the default. */
type Given<T> = T | null | undefined;

/** Reads what is in a field, which then stands in front of the place of whatever is wrong there. */
export function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof Malformed ? new Malformed(`${place}.${cause.place}`, cause.what) : cause;
  }
}

/** Reads each of a list. */
export function each<T, V>(
  list: Given<readonly T[]>,
  place: string,
  most: number,
  read: (one: T) => V,
  least = 0,
): readonly V[] {
  const given = list ?? [];
  if (given.length > most) throw new Malformed(place, `has ${given.length} entries, at most ${most} are allowed`);
  if (given.length < least) throw new Malformed(place, 'is empty');
  return given.map((one, i) => within(`${place}[${i}]`, () => read(one)));
}

/** A message within a message that has to be there. */
export function present<T>(value: Given<T>, place: string): T {
  if (value === null || value === undefined) throw new Malformed(place, 'is missing');
  return value;
}

/** Reads a message within a message that has to be there. */
export function inner<M, V>(message: Given<M>, place: string, read: (message: M) => V): V {
  const there = present(message, place);
  return within(place, () => read(there));
}

/** @param most characters (UTF-16 units) */
export function text(value: Given<string>, place: string, most: number): string {
  const given = value ?? '';
  if (given.length > most) throw new Malformed(place, `has ${given.length} characters, at most ${most} are allowed`);
  return given;
}

export function filledText(value: Given<string>, place: string, most: number): string {
  if (value === null || value === undefined || value === '') throw new Malformed(place, 'is missing');
  return text(value, place, most);
}

export function patternText(value: Given<string>, place: string, pattern: RegExp): string {
  const given = value ?? '';
  if (!pattern.test(given)) throw new Malformed(place, `is not of the form ${pattern.source}`);
  return given;
}

export function word<W extends string>(value: Given<string>, place: string, words: readonly W[]): W {
  const found = words.find((one) => one === value);
  if (found === undefined) throw new Malformed(place, `is none of ${words.map((one) => `"${one}"`).join(', ')}`);
  return found;
}

/** The word of an enumeration's number. */
export function enumerated<W extends string>(value: Given<number>, place: string, words: ReadonlyMap<number, W>): W {
  const found = words.get(value ?? 0);
  if (found === undefined) throw new Malformed(place, `has the value ${value ?? 0}, which this version does not know`);
  return found;
}

/** A whole number that is a plain one. */
export function count(
  value: Given<number>,
  place: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { readonly least?: number; readonly most?: number } = {},
): number {
  const given = value ?? 0;
  if (!Number.isSafeInteger(given) || given < least || given > most) {
    throw new Malformed(place, `is ${given}, not a whole number from ${least} to ${most}`);
  }
  return given;
}

export const moment = (value: Given<number>, place: string, least = 0): Millis =>
  millis(count(value, place, { least, most: LAST_MOMENT }));

/** A copy: what was read does not keep the message it was in alive. */
export function bytes(value: Given<Uint8Array>, place: string, most: number, least = 0): Uint8Array {
  const given = value ?? new Uint8Array(0);
  if (given.length < least || given.length > most) {
    throw new Malformed(place, `has ${given.length} bytes, ${least === most ? '' : `${least} to `}${most} are allowed`);
  }
  return new Uint8Array(given);
}

export const hex = (value: Given<Uint8Array>, place: string, length: number): Hex =>
  hexOf(bytes(value, place, length, length));

export const optionalHex = (value: Given<Uint8Array>, place: string, length: number): Hex | undefined =>
  value === null || value === undefined || value.length === 0 ? undefined : hex(value, place, length);

export function id(value: Given<string>, place: string): Id {
  const given = value ?? '';
  if (!isId(given)) throw new Malformed(place, 'is no UUID of version 7 or 8 in lower case');
  return given;
}

/** A UUID of 16 bytes. */
export function idBytes(value: Given<Uint8Array>, place: string): Id {
  const digits = hex(value, place, 16);
  return id(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), place);
}

/** Which one of a `oneof` is there. */
export function chosen<K extends string>(
  message: Readonly<Partial<Record<K, unknown>>>,
  names: readonly K[],
  place: string,
): K {
  const name = names.find((one) => message[one] !== null && message[one] !== undefined);
  if (name === undefined) throw new Malformed(place, 'is missing, or this version does not know it');
  return name;
}

/** Names that may stand once each. */
export function distinct<T>(list: readonly T[], place: string, nameOf: (one: T) => string): readonly T[] {
  const names = new Set<string>();
  for (const one of list) {
    const name = nameOf(one);
    if (names.has(name)) throw new Malformed(place, `names "${name}" twice`);
    names.add(name);
  }
  return list;
}
