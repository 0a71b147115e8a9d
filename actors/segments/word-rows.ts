import { eachWord, type TermSet } from '../../core/query/terms.ts';
import { ByteReader, type ByteWriter } from './bytes.ts';

/*
 * Which rows of a block have a word of the message: words that are everywhere but never together would else be looked for
 * in every message. A word that only one row has is left out: its block's bloom finds it as well.
 *
 * On disk: number of words (u32), their terms in order as steps from the one before, the bytes of each one's rows, then
 * these: the first row and the steps to the next ones.
 */

/** Rows that a word must have to be listed. */
const LEAST_ROWS = 2;
/** Share of the rows above which a word rules out too little. */
const COMMON = 1 / 2;
const FEW = 1 << 14;

/** Gathers words row by row, each row's only once. */
export class WordRows {
  /** Open addressing over `#terms`: number of the word, counted from 1. */
  #slots = new Int32Array(FEW);
  #terms = new Int32Array(FEW);
  /** Row that had the word last, counted from 1. */
  #last = new Int32Array(FEW);
  #counts = new Int32Array(FEW);
  #words = 0;
  /** Word and row of each occurrence, in the order of the rows. */
  #occurring = new Int32Array(FEW);
  #rows = new Uint16Array(FEW);
  #occurrences = 0;
  /** Of the words being added. */
  #row = 0;
  /** Made once: code compiled for one closure does not serve the next. */
  readonly #visit = (term: number): void => this.#note(term);

  clear(): void {
    this.#slots.fill(0);
    this.#words = 0;
    this.#occurrences = 0;
  }

  /** Rows must come in order. */
  add(row: number, bytes: Uint8Array, place: { readonly start: number; readonly end: number }): void {
    this.#row = row;
    eachWord(bytes, place, this.#visit);
  }

  /** Every word, listed or not. */
  addTo(terms: TermSet): void {
    for (let word = 0; word < this.#words; word++) terms.add(this.#terms[word] as number);
  }

  write(out: ByteWriter): void {
    const starts = this.#starts();
    const rows = this.#sorted(starts);
    const listed = this.#listed();
    out.u32(listed.length);
    let before = 0;
    for (const word of listed) {
      const term = (this.#terms[word] as number) >>> 0;
      out.varint(term - before);
      before = term;
    }
    const lengths = out.length;
    for (const _ of listed) out.u32(0);
    for (const [i, word] of listed.entries()) {
      const from = out.length;
      const start = starts[word] as number;
      let last = 0;
      for (let at = start; at < start + (this.#counts[word] as number); at++) {
        out.varint((rows[at] as number) - last);
        last = rows[at] as number;
      }
      out.setU32(lengths + i * 4, out.length - from);
    }
  }

  #note(term: number): void {
    const row = this.#row;
    const word = this.#wordOf(term);
    if (this.#last[word] === row + 1) return;
    this.#last[word] = row + 1;
    this.#counts[word] = (this.#counts[word] as number) + 1;
    const at = this.#occurrences++;
    if (at === this.#rows.length) {
      this.#rows = grown(this.#rows, new Uint16Array(at * 2));
      this.#occurring = grown(this.#occurring, new Int32Array(at * 2));
    }
    this.#rows[at] = row;
    this.#occurring[at] = word;
  }

  /** The number of a word, which it gets when it is met first. */
  #wordOf(term: number): number {
    const mask = this.#slots.length - 1;
    let slot = term & mask;
    for (;;) {
      const word = (this.#slots[slot] as number) - 1;
      if (word < 0) break;
      if (this.#terms[word] === term) return word;
      slot = (slot + 1) & mask;
    }
    const word = this.#words++;
    this.#slots[slot] = word + 1;
    this.#terms[word] = term;
    this.#last[word] = 0;
    this.#counts[word] = 0;
    if (this.#words * 2 > this.#slots.length) this.#grow();
    return word;
  }

  #grow(): void {
    const size = this.#slots.length * 2;
    this.#terms = grown(this.#terms, new Int32Array(size));
    this.#last = grown(this.#last, new Int32Array(size));
    this.#counts = grown(this.#counts, new Int32Array(size));
    this.#slots = new Int32Array(size);
    for (let word = 0; word < this.#words; word++) {
      let slot = (this.#terms[word] as number) & (size - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = word + 1;
    }
  }

  /** Where each word's rows begin when they stand word by word. */
  #starts(): Int32Array {
    const starts = new Int32Array(this.#words);
    let at = 0;
    for (let word = 0; word < this.#words; word++) {
      starts[word] = at;
      at += this.#counts[word] as number;
    }
    return starts;
  }

  #sorted(starts: Int32Array): Uint16Array {
    const next = starts.slice();
    const rows = new Uint16Array(this.#occurrences);
    for (let i = 0; i < this.#occurrences; i++) {
      const word = this.#occurring[i] as number;
      const at = next[word] as number;
      rows[at] = this.#rows[i] as number;
      next[word] = at + 1;
    }
    return rows;
  }

  /** Words worth listing, by their terms. */
  #listed(): readonly number[] {
    const words: number[] = [];
    for (let word = 0; word < this.#words; word++) if ((this.#counts[word] as number) >= LEAST_ROWS) words.push(word);
    return words.sort((a, b) => ((this.#terms[a] as number) >>> 0) - ((this.#terms[b] as number) >>> 0));
  }
}

function grown<A extends Int32Array | Uint16Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** What `WordRows.write` wrote. Everything may throw `Damage`. */
export class StoredWords {
  readonly #terms: Float64Array;
  readonly #ends: Uint32Array;
  readonly #bytes: Buffer;

  constructor(group: Buffer) {
    const reader = new ByteReader(group);
    const words = reader.u32();
    this.#terms = summed(reader.varints(Math.min(words, reader.left)));
    const ends = new Uint32Array(this.#terms.length);
    new Uint8Array(ends.buffer).set(reader.raw(ends.byteLength));
    let end = 0;
    for (let word = 0; word < ends.length; word++) {
      end += ends[word] as number;
      ends[word] = end;
    }
    this.#ends = ends;
    this.#bytes = reader.raw(end);
  }

  /** About how many rows have the word; no number is larger where it is not listed, and any row may have it. */
  commonness(term: number): number {
    const word = this.#indexOf(term >>> 0);
    return word < 0 ? Number.MAX_VALUE : (this.#ends[word] as number) - (this.#ends[word - 1] ?? 0);
  }

  /** Puts 1 where a row has the word; undefined where it is not listed, or has too many rows to be worth it. */
  rowsOf(term: number, rows: number): Uint8Array | undefined {
    if (this.commonness(term) > rows * COMMON) return undefined;
    const word = this.#indexOf(term >>> 0);
    const mask = new Uint8Array(rows);
    const reader = new ByteReader(this.#bytes.subarray(this.#ends[word - 1] ?? 0, this.#ends[word]));
    for (let row = 0; reader.left > 0; ) {
      row += reader.varint();
      mask[row] = 1;
    }
    return mask;
  }

  #indexOf(term: number): number {
    let [low, high] = [0, this.#terms.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const there = this.#terms[middle] as number;
      if (there === term) return middle;
      if (there < term) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

function summed(steps: Float64Array): Float64Array {
  for (let i = 1; i < steps.length; i++) steps[i] = (steps[i] as number) + (steps[i - 1] as number);
  return steps;
}
