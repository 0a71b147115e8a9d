import { type Cidr, makeCidr, parseIp } from '../base/ip.ts';
import { fold } from './text.ts';

/**
 * What blooms hold: 32-bit hashes of words of messages and of field values. Both sides, who stores and who searches,
 * make them here, and as `native/blocks/engine/terms.cc` does, which is held to this by one suite; a change makes old blooms lie, so the segment format's version changes with it.
 *
 * Of a message, each ASCII word, folded; and of numbers joined by single dots each four in a row, so that an address is
 * one term and not four common ones. Words with bytes beyond ASCII are left out.
 */
export class TermSet {
  /** Open addressing; 0 is an empty slot, and no term. */
  #slots = new Int32Array(FEW_SLOTS);
  #size = 0;
  readonly #limit: number;
  #overflowed = false;

  /** @param limit terms kept; with one more the set is `overflowed` and forgets everything */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  clear(): void {
    if (this.#slots.length > MANY_SLOTS) this.#slots = new Int32Array(FEW_SLOTS);
    else if (this.#size > 0) this.#slots.fill(0);
    this.#size = 0;
    this.#overflowed = false;
  }

  add(term: number): void {
    const mask = this.#slots.length - 1;
    let slot = term & mask;
    for (;;) {
      const there = this.#slots[slot];
      if (there === term) return;
      if (there === 0) break;
      slot = (slot + 1) & mask;
    }
    if (this.#overflowed) return;
    this.#slots[slot] = term;
    if (++this.#size > this.#limit) {
      this.clear();
      this.#overflowed = true;
    } else if (this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** @param terms none of them 0 */
  addList(terms: Int32Array): void {
    for (let i = 0; i < terms.length; i++) this.add(terms[i] as number);
  }

  /** No iterator: blocks have thousands of terms, and this is on the way of every line. */
  each(visit: (term: number) => void): void {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const term = this.#slots[slot] as number;
      if (term !== 0) visit(term);
    }
  }

  /** The terms of the UTF-8 bytes from `start` up to `end`. */
  addWords(bytes: Uint8Array, start: number, end: number): void {
    eachWord(bytes, { start, end }, (term) => this.add(term));
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    const mask = this.#slots.length - 1;
    for (const term of old) {
      if (term === 0) continue;
      let slot = term & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = term;
    }
  }
}

const FEW_SLOTS = 1 << 8;
/** What a set keeps for its next use: a block has about ten thousand terms. */
const MANY_SLOTS = 1 << 16;
const FNV_PRIME = 0x01000193;
const WORD_SEED = 0x811c9dc5 | 0;
const DOT = 0x2e;
const LETTER = 0x100;
const BEYOND = 0x200;
const DIGIT = 0x400;

/** Of each byte: 0 outside words, else the folded byte and what kind it is. */
const UNITS = Uint16Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return BEYOND | byte;
  if (byte >= 0x30 && byte <= 0x39) return DIGIT | byte;
  if (byte >= 0x41 && byte <= 0x5a) return LETTER | (byte + 0x20);
  return (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f ? LETTER | byte : 0;
});

/** Visits the terms of the UTF-8 bytes from `start` up to `end`, each as often as it stands there. */
export function eachWord(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  visit: (term: number) => void,
): void {
  let hash = WORD_SEED;
  let from = start;
  /** Numbers in a row that are joined by single dots, the last three of them, and of which kinds the word's bytes are. */
  let run = 0;
  let [a, b, c] = [0, 0, 0];
  let kinds = 0;
  for (let i = start; i <= end; i++) {
    const unit = i < end ? (UNITS[bytes[i] as number] as number) : 0;
    if (unit !== 0) {
      hash = Math.imul(hash ^ (unit & 0xff), FNV_PRIME);
      kinds |= unit;
      continue;
    }
    if (i > from) {
      if ((kinds & BEYOND) === 0) visit(mixed(hash));
      run = (kinds & (LETTER | BEYOND)) !== 0 ? 0 : run + 1;
      if (run >= 4) visit(quadOf(a, b, c, hash));
      [a, b, c] = [b, c, hash];
      // The next number goes on with the row only behind this one's single dot.
      if (i >= end || bytes[i] !== DOT) run = 0;
    } else run = 0;
    hash = WORD_SEED;
    kinds = 0;
    from = i + 1;
  }
}

/** Spreads a hash over all bits (the finalizer of MurmurHash3). Never 0, which stands for nothing. */
export function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0 || 1;
}

const quadOf = (a: number, b: number, c: number, d: number): number =>
  mixed(Math.imul(Math.imul(Math.imul(a, 31) + b, 31) + c, 31) + d + 1);

const UTF8 = new TextEncoder();

/** The terms that a message must have in which `needle` stands between word edges. */
export function wordTerms(needle: string): readonly number[] {
  const terms = new TermSet();
  const bytes = UTF8.encode(needle);
  terms.addWords(bytes, 0, bytes.length);
  const list: number[] = [];
  terms.each((term) => list.push(term));
  return list;
}

/** Of a field's value; its case does not matter. */
export function fieldTerm(field: string, value: string): number {
  const folded = fold(value);
  let hash = FIELD_SEED;
  for (let i = 0; i < field.length; i++) hash = Math.imul(hash ^ field.charCodeAt(i), FNV_PRIME);
  hash = Math.imul(hash ^ 0x3d, FNV_PRIME);
  for (let i = 0; i < folded.length; i++) hash = Math.imul(hash ^ folded.charCodeAt(i), FNV_PRIME);
  return mixed(hash);
}

const FIELD_SEED = 0x2f0b4a27;

/** Bits of the networks that are terms beside the addresses in them, so that a search for a network prunes too. */
const NETWORK_BITS = { 4: 24, 6: 64 } as const;

/** Of an address in canonical text: its own term, then its network's. */
export function addressTerms(field: string, address: string): readonly number[] {
  const own = fieldTerm(field, address);
  if (!address.includes(':')) return [own, ipv4NetworkTerm(field, address)];
  const network = ipv6NetworkTerm(field, address);
  return network === undefined ? [own] : [own, network];
}

/** Canonical IPv4 needs no reading: thousands of addresses may be new in a block. */
export const ipv4NetworkTerm = (field: string, address: string): number =>
  fieldTerm(field, `${address.slice(0, address.lastIndexOf('.'))}.0/24`);

/** Undefined for what is no IPv6 address. */
export function ipv6NetworkTerm(field: string, address: string): number | undefined {
  if (!address.includes(':')) return undefined;
  const ip = parseIp(address);
  if (!ip.ok) return undefined;
  return fieldTerm(field, makeCidr(ip.value.family, ip.value.bytes, NETWORK_BITS[ip.value.family]).text);
}

/** The term that any address within `network` has; undefined where the network is too wide for one. */
export const networkTerm = (field: string, { family, bytes, prefix }: Cidr): number | undefined =>
  prefix < NETWORK_BITS[family] ? undefined : fieldTerm(field, makeCidr(family, bytes, NETWORK_BITS[family]).text);
