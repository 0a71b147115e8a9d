import type { TermSet } from '../../core/query/terms.ts';

/** Ten bits a term and seven hashes: of terms that are not there about 1 in 120 seems to be. */
const BITS_PER_TERM = 10;
const HASHES = 7;

/** A bloom filter over 32-bit terms, in whole bytes. An empty one denies nothing. */
export function bloomOf(terms: TermSet): Buffer {
  if (terms.overflowed) return Buffer.alloc(0);
  const bits = Math.max(64, Math.ceil((terms.size * BITS_PER_TERM) / 8) * 8);
  const bloom = Buffer.alloc(bits / 8);
  terms.each((term) => {
    const step = stepOf(term);
    for (let i = 0, hash = term; i < HASHES; i++, hash = (hash + step) | 0) {
      const bit = bitOf(hash, bits);
      bloom[bit >> 3] = (bloom[bit >> 3] as number) | (1 << (bit & 7));
    }
  });
  return bloom;
}

/** False only where the term was not among them. */
export function bloomMayHave(bloom: Uint8Array, term: number): boolean {
  const bits = bloom.length * 8;
  if (bits === 0) return true;
  const step = stepOf(term);
  for (let i = 0, hash = term; i < HASHES; i++, hash = (hash + step) | 0) {
    const bit = bitOf(hash, bits);
    if (((bloom[bit >> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Spreads 32 bits over any number of bits; a multiplication costs a tenth of what a remainder does. */
const bitOf = (hash: number, bits: number): number => ((hash >>> 0) * bits * 2 ** -32) >>> 0;

/** Odd, so that it visits all bits. */
const stepOf = (term: number): number => Math.imul(term ^ (term >>> 15), 0x2c1b3c6d) | 1;
