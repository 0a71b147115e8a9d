/**
 * Unpacks a raw Snappy block (format_description.txt of google/snappy).
 * @returns `undefined` for what is no such block, or would unpack to more than `limit` bytes
 */
export function unsnappy(packed: Uint8Array, limit: number): Uint8Array | undefined {
  const at = { packed, offset: 0 };
  const length = varint(at);
  if (length === undefined || length > limit) return undefined;
  const out = new Uint8Array(length);
  let done = 0;
  while (at.offset < packed.length) {
    const element = next(at);
    if (element === undefined || done + element.length > length) return undefined;
    if (element.back === 0) out.set(packed.subarray(at.offset, at.offset + element.length), done);
    else if (element.back > done) return undefined;
    else for (let i = 0; i < element.length; i++) out[done + i] = out[done + i - element.back] ?? 0;
    if (element.back === 0) at.offset += element.length;
    done += element.length;
  }
  return done === length && at.offset === packed.length ? out : undefined;
}

interface Reader {
  readonly packed: Uint8Array;
  offset: number;
}

/** A literal (`back` 0, its bytes follow) or a copy of what was written `back` bytes ago. */
function next(at: Reader): { readonly length: number; readonly back: number } | undefined {
  const tag = at.packed[at.offset++] ?? 0;
  switch (tag & 3) {
    case 0: {
      const short = tag >>> 2;
      const length = short < 60 ? short : littleEndian(at, short - 59);
      return length === undefined ? undefined : { length: length + 1, back: 0 };
    }
    case 1: {
      const low = littleEndian(at, 1);
      return low === undefined ? undefined : copy(4 + ((tag >>> 2) & 7), ((tag >>> 5) << 8) | low);
    }
    case 2:
      return copy((tag >>> 2) + 1, littleEndian(at, 2));
    default:
      return copy((tag >>> 2) + 1, littleEndian(at, 4));
  }
}

const copy = (length: number, back: number | undefined) =>
  back === undefined || back === 0 ? undefined : { length, back };

function littleEndian(at: Reader, bytes: number): number | undefined {
  if (at.offset + bytes > at.packed.length) return undefined;
  let value = 0;
  for (let i = 0; i < bytes; i++) value += (at.packed[at.offset + i] ?? 0) * 2 ** (8 * i);
  at.offset += bytes;
  return value;
}

/** A number in groups of seven bits, least significant first; up to 2^53 − 1. */
export function varint(at: Reader): number | undefined {
  let value = 0;
  for (let scale = 1; scale < 2 ** 53; scale *= 128) {
    const byte = at.packed[at.offset++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined;
  }
  return undefined;
}
