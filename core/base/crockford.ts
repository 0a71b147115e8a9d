/** Crockford's base32: no I, L, O, U, so that nothing read from a serial console or a sticker is ambiguous. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The first `characters` × 5 bits of the bytes, the most significant first; bits that the bytes lack are zero. */
export function crockford(bytes: Uint8Array, characters: number): string {
  let text = '';
  for (let i = 0; i < characters; i++) {
    const bit = i * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += CROCKFORD.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return text;
}

/** What somebody typed, as the characters that were meant: any case, any dashes and spaces, O for 0, I or L for 1. */
export const asCrockford = (typed: string): string =>
  typed
    .toUpperCase()
    .replace(/[\s\-‐-―]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');

export const isCrockford = (text: string): boolean => [...text].every((character) => CROCKFORD.includes(character));
