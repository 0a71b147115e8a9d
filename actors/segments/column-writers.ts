import type { ByteWriter } from './bytes.ts';
import type { Column } from './layout.ts';

/** Rows of a full block: enough to compress well, few enough that reading one of them costs little. */
export const BLOCK_ROWS = 4096;

/** How a column's values stand in its bytes. */
export const ENCODING = {
  dictionary8: 1,
  dictionary16: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  float: 6,
  delta: 7,
  bytes: 8,
} as const;
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

/** Rows [from, to) of a block that is being filled. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** Texts of which few are distinct: each row has the number of its text, 0 for none. */
export class DictionaryColumn {
  readonly column: Pick<Column, 'id' | 'group' | 'field'>;
  readonly #ids = new Uint16Array(BLOCK_ROWS);
  readonly #numbers = new Map<string, number>();
  #values: string[] = [];
  #lastText: string | undefined;
  #lastId = 0;

  constructor(column: Pick<Column, 'id' | 'group' | 'field'>) {
    this.column = column;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  get values(): readonly string[] {
    return this.#values;
  }

  /** @returns UTF-16 units that it has to hold more than before */
  add(row: number, text: string): number {
    if (text === this.#lastText) {
      this.#ids[row] = this.#lastId;
      return 0;
    }
    let id = this.#numbers.get(text);
    const isNew = id === undefined;
    if (id === undefined) {
      id = this.#values.push(text);
      this.#numbers.set(text, id);
    }
    this.#ids[row] = id;
    this.#lastText = text;
    this.#lastId = id;
    return isNew ? text.length : 0;
  }

  /** The number of the text of a row. */
  idAt(row: number): number {
    return this.#ids[row] as number;
  }

  clear(): void {
    if (this.isEmpty) return;
    this.#ids.fill(0);
    this.#numbers.clear();
    this.#values = [];
    this.#lastText = undefined;
    this.#lastId = 0;
  }

  /** Whether any of the rows has a text. */
  occursIn({ from, to }: Rows): boolean {
    for (let row = from; row < to; row++) if (this.#ids[row] !== 0) return true;
    return false;
  }

  /** Only the texts of these rows, renumbered in the order in which they first occur. */
  write(out: ByteWriter, { from, to }: Rows): Encoding {
    const renumbered = new Uint16Array(this.#values.length + 1);
    const taken = this.#ids.subarray(from, to);
    const used = renumber(taken, renumbered, this.#values);
    writeTexts(out, used);
    const isWide = used.length > 0xff;
    const ids = isWide ? new Uint16Array(to - from) : new Uint8Array(to - from);
    if (used.length === 1 && taken.indexOf(0) < 0) ids.fill(1);
    else lookUp(taken, renumbered, ids);
    out.raw(new Uint8Array(ids.buffer));
    return isWide ? ENCODING.dictionary16 : ENCODING.dictionary8;
  }
}

/*
 * The loops over all rows stand in functions of their own: compiled while they run, as the engine does with long loops, a
 * larger function would be thrown away and compiled anew as soon as it went on behind the loop.
 */

/** Numbers the texts in the order in which they first occur. @returns them */
function renumber(ids: Uint16Array, renumbered: Uint16Array, values: readonly string[]): readonly string[] {
  const used: string[] = [];
  // Behind the last of all texts there is none to be met first.
  for (let i = 0; i < ids.length && used.length < values.length; i++) {
    const id = ids[i] as number;
    if (id !== 0 && renumbered[id] === 0) renumbered[id] = used.push(values[id - 1] as string);
  }
  return used;
}

function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  out.u16(texts.length);
  for (const text of texts) out.varint(Buffer.byteLength(text));
  for (const text of texts) out.text(text);
}

function lookUp(ids: Uint16Array, renumbered: Uint16Array, to: Uint8Array | Uint16Array): void {
  for (let i = 0; i < ids.length; i++) to[i] = renumbered[ids[i] as number] as number;
}

/** Numbers, each as wide as the largest needs; a row without one is 0, the others stand one higher. */
export class NumberColumn {
  readonly column: Column;
  readonly #values = new Float64Array(BLOCK_ROWS).fill(Number.NaN);
  #isEmpty = true;

  constructor(column: Column) {
    this.column = column;
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  add(row: number, value: number): void {
    this.#values[row] = value;
    this.#isEmpty = false;
  }

  clear(): void {
    if (this.#isEmpty) return;
    this.#values.fill(Number.NaN);
    this.#isEmpty = true;
  }

  /** Least and most of the rows; undefined where none has a number. */
  extent({ from, to }: Rows): { readonly least: number; readonly most: number } | undefined {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let row = from; row < to; row++) {
      const value = this.#values[row] as number;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    return least > most ? undefined : { least, most };
  }

  write(out: ByteWriter, rows: Rows): Encoding {
    const { from, to } = rows;
    const width = this.#widthOf(rows);
    if (width === undefined) {
      out.raw(new Uint8Array(this.#values.slice(from, to).buffer));
      return ENCODING.float;
    }
    const { Store, encoding } = width;
    const stored = new Store(to - from);
    for (let row = from; row < to; row++) {
      const value = this.#values[row] as number;
      if (value >= 0) stored[row - from] = value + 1;
    }
    out.raw(new Uint8Array(stored.buffer));
    return encoding;
  }

  #widthOf({ from, to }: Rows) {
    let most = 0;
    for (let row = from; row < to; row++) {
      const value = this.#values[row] as number;
      if (Number.isNaN(value)) continue;
      if (!Number.isInteger(value) || value < 0) return undefined;
      if (value > most) most = value;
    }
    return WIDTHS.find(({ limit }) => most < limit);
  }
}

/** `limit`: the values below it fit, one being added. */
const WIDTHS = [
  { limit: 0xff, Store: Uint8Array, encoding: ENCODING.int8 },
  { limit: 0xffff, Store: Uint16Array, encoding: ENCODING.int16 },
  { limit: 0xffffffff, Store: Uint32Array, encoding: ENCODING.int32 },
] as const;

/** A number in every row, stored as the step from the one before of the same lane. */
export class DeltaColumn {
  readonly column: Column;
  readonly #values = new Float64Array(BLOCK_ROWS);

  constructor(column: Column) {
    this.column = column;
  }

  add(row: number, value: number): void {
    this.#values[row] = value;
  }

  extent({ from, to }: Rows): { readonly least: number; readonly most: number } {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let row = from; row < to; row++) {
      least = Math.min(least, this.#values[row] as number);
      most = Math.max(most, this.#values[row] as number);
    }
    return { least, most };
  }

  /** @param lane of a row: offsets go on within their source, whatever stands between */
  write(out: ByteWriter, { from, to }: Rows, lane?: (row: number) => number): Encoding {
    if (!this.#hasSteps(from, to)) {
      out.raw(new Uint8Array(this.#values.slice(from, to).buffer));
      return ENCODING.float;
    }
    const before: number[] = [];
    for (let row = from; row < to; row++) {
      const of = lane === undefined ? 0 : lane(row);
      const value = this.#values[row] as number;
      const step = value - (before[of] ?? 0);
      before[of] = value;
      out.varint(step >= 0 ? step * 2 : -step * 2 - 1);
    }
    return ENCODING.delta;
  }

  #hasSteps(from: number, to: number): boolean {
    for (let row = from; row < to; row++) {
      const value = this.#values[row] as number;
      if (!(Number.isInteger(value) && value >= 0 && value <= MAX_STEPPED)) return false;
    }
    return true;
  }
}

/** Twice a step must be a safe integer. */
const MAX_STEPPED = 2 ** 51;

/** Texts of any length, one behind the other in UTF-8. */
export class BytesColumn {
  readonly column: Column;
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  readonly #ends = new Uint32Array(BLOCK_ROWS);

  constructor(column: Column) {
    this.column = column;
  }

  /** Texts must come row by row from 0. @returns bytes that it took */
  add(row: number, text: string): number {
    const start = row === 0 ? 0 : (this.#ends[row - 1] as number);
    const needed = start + text.length * 3;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    const taken = this.#bytes.write(text, start, 'utf8');
    this.#ends[row] = start + taken;
    return taken;
  }

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  /** The bytes of all rows, and where each begins and ends in them. */
  each(
    { from, to }: Rows,
    visit: (row: number, bytes: Uint8Array, place: { readonly start: number; readonly end: number }) => void,
  ): void {
    for (let row = from; row < to; row++) {
      visit(row, this.#bytes, { start: this.#startOf(row), end: this.#ends[row] as number });
    }
  }

  write(out: ByteWriter, { from, to }: Rows): Encoding {
    for (let row = from; row < to; row++) out.varint((this.#ends[row] as number) - this.#startOf(row));
    if (to > from) out.raw(this.#bytes.subarray(this.#startOf(from), this.#ends[to - 1]));
    return ENCODING.bytes;
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.#ends[row - 1] as number);
  }
}

const INITIAL_BYTES = 512 * 1024;
const KEPT_BYTES = 2 * 1024 * 1024;
