/** `text` holds any string; `number` a whole number in 0 .. 2^53 − 1 (a serial, an offset, milliseconds since 1970). */
export type SegmentKind = 'text' | 'number';

type SegmentOf<Kind extends SegmentKind> = Kind extends 'text' ? string : number;

/** The values of a key, in order. */
export type Segments<Kinds extends readonly SegmentKind[]> = { readonly [I in keyof Kinds]: SegmentOf<Kinds[I]> };

/** The first few values of a key, none at the least. */
export type Leading<Kinds extends readonly SegmentKind[]> = Kinds extends readonly [
  infer First extends SegmentKind,
  ...infer Rest extends readonly SegmentKind[],
]
  ? readonly [] | readonly [SegmentOf<First>, ...Leading<Rest>]
  : readonly [];

/** Keys `k` with `gte <= k < lt`. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
}

/**
 * Keys of the form `<space>!<segment>!<segment>…`. They sort (byte order of UTF-8) by their segments from left to right:
 * numbers by value, texts by code point. No value can reach out of its segment, whatever it holds.
 */
export interface KeyCodec<Kinds extends readonly SegmentKind[]> {
  readonly space: string;
  readonly kinds: Kinds;
  /** @throws RangeError for a number that is no whole number in 0 .. 2^53 − 1: a bug of the caller. */
  encode(segments: Segments<Kinds>): string;
  /** `undefined` for what `encode` cannot have made. */
  decode(key: string): Segments<Kinds> | undefined;
  /** Every key that begins with these segments; `[]` is the whole space. */
  under(leading: Leading<Kinds>): KeyRange;
}

/** Between segments. Sorts below every character of an encoded segment, so that a short segment sorts first. */
const SEPARATOR = '!';
const AFTER_SEPARATOR = '"';
/** Digits of the largest safe integer. */
const DIGITS = 16;
/** Begins an escaped character; the lowest character that encoded text may hold. */
const ESCAPE = '"';
/** `0` stands for U+0000 … `R` for U+0022, in order. */
const SHIFT = 0x30;
/** Marks a lone surrogate, which UTF-8 cannot carry: four hex digits follow. Ordered among themselves only. */
const LONE = '~';

/** The space of a key that a codec made. */
export const spaceOf = (key: string): string => key.slice(0, key.indexOf(SEPARATOR));

/** @param space letters, digits, `.` and `-`; unique in the store, for no two codecs may share one. */
export function keyCodec<const Kinds extends readonly SegmentKind[]>(space: string, kinds: Kinds): KeyCodec<Kinds> {
  if (!/^[a-z0-9.-]+$/.test(space)) throw new RangeError(`"${space}" cannot name a key space`);
  const join = (segments: readonly unknown[]): string => {
    let joined = '';
    for (let i = 0; i < segments.length; i++) joined += SEPARATOR + encodeSegment(kinds[i], segments[i]);
    return joined;
  };
  return {
    space,
    kinds,
    encode: (segments) => space + join(segments),
    decode: (key) => {
      const [head, ...parts] = key.split(SEPARATOR);
      if (head !== space || parts.length !== kinds.length) return undefined;
      const segments = parts.map((part, i) => decodeSegment(kinds[i], part));
      return segments.includes(undefined) ? undefined : (segments as unknown as Segments<Kinds>);
    },
    under: (leading) => {
      const prefix = space + join(leading);
      return leading.length === kinds.length
        ? { gte: prefix, lt: `${prefix}${SEPARATOR}` }
        : { gte: prefix + SEPARATOR, lt: prefix + AFTER_SEPARATOR };
    },
  };
}

function encodeSegment(kind: SegmentKind | undefined, segment: unknown): string {
  if (kind === 'text' && typeof segment === 'string') return encodeText(segment);
  if (kind === 'number' && Number.isSafeInteger(segment) && (segment as number) >= 0) {
    return String(segment).padStart(DIGITS, '0');
  }
  throw new RangeError(`${String(segment)} cannot be a ${kind ?? 'further'} segment of a key`);
}

function decodeSegment(kind: SegmentKind | undefined, part: string): string | number | undefined {
  if (kind === 'text') return decodeText(part);
  return /^\d{16}$/.test(part) && Number.isSafeInteger(Number(part)) ? Number(part) : undefined;
}

/** Everything up to `"`, and lone surrogates, escaped; the rest as it is. */
const encodeText = (text: string): string => (isPlain(text) ? text : escaped(text));

/** Nearly every text is; looking costs a tenth of what replacing nothing does. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit <= LAST_ESCAPED || unit >= FIRST_SURROGATE) return false;
  }
  return true;
}

const LAST_ESCAPED = 0x22;
const FIRST_SURROGATE = 0xd800;

const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not stand in a key
  text.replace(/[\u0000-"]|\p{Cs}/gu, (char) => {
    const unit = char.charCodeAt(0);
    return ESCAPE + (unit <= LAST_ESCAPED ? String.fromCharCode(unit + SHIFT) : LONE + unit.toString(16));
  });

function decodeText(encoded: string): string | undefined {
  if (isPlain(encoded)) return encoded;
  const text = encoded.replace(/"(?:([0-R])|~(d[89a-f][0-9a-f]{2}))/g, (_, low?: string, lone?: string) =>
    String.fromCharCode(low === undefined ? Number.parseInt(lone ?? '', 16) : low.charCodeAt(0) - SHIFT),
  );
  return encodeText(text) === encoded ? text : undefined;
}
