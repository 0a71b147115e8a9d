/**
 * Compares two keys as LevelDB does: by the bytes of their UTF-8. That is code point order, which JavaScript's `<` on
 * strings is not: there a surrogate pair sorts below U+E000..U+FFFF. Both must be well-formed, as codecs make them.
 */
export function compareKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Code units in code point order: the halves of a surrogate pair stand for code points above every other unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
