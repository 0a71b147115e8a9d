import { ByteReader, Damage } from './bytes.ts';
import { ENCODING } from './column-writers.ts';
import { DECLARED } from './layout.ts';

/** A column as it stands in its group, not decoded yet. */
export interface StoredColumn {
  readonly encoding: number;
  readonly bytes: Buffer;
}

export interface GroupColumns {
  readonly byId: ReadonlyMap<number, StoredColumn>;
  /** Of `Event.fields`, by name. */
  readonly declared: ReadonlyMap<string, StoredColumn>;
}

/** @throws Damage */
export function columnsIn(group: Buffer): GroupColumns {
  const reader = new ByteReader(group);
  const byId = new Map<number, StoredColumn>();
  const declared = new Map<string, StoredColumn>();
  for (let left = reader.u16(); left > 0; left--) {
    const id = reader.u8();
    const name = id === DECLARED ? reader.raw(reader.varint()).toString('utf8') : undefined;
    const length = reader.u32();
    const encoding = reader.u8();
    const column = { encoding, bytes: reader.raw(length) };
    if (name === undefined) byId.set(id, column);
    else declared.set(name, column);
  }
  return { byId, declared };
}

/** Texts of which few are distinct, decoded as far as they are asked for. */
export class Dictionary {
  /** Of each row, the number of its text; 0, and any number that no text has, is none. */
  readonly ids: Uint8Array | Uint16Array;
  readonly #bytes: Buffer;
  /** Text n ends there. */
  readonly #ends: Float64Array;
  #texts: readonly (string | undefined)[] | undefined;

  /** @param ends where each text ends in the bytes */
  constructor(ids: Uint8Array | Uint16Array, ends: Float64Array, bytes: Buffer) {
    this.ids = ids;
    this.#bytes = bytes;
    this.#ends = ends;
  }

  /** The text of a row. */
  at(row: number): string | undefined {
    const id = this.ids[row] ?? 0;
    if (this.#texts !== undefined) return this.#texts[id];
    if (id === 0 || id > this.#ends.length) return undefined;
    return this.#bytes.toString('utf8', this.#ends[id - 2] ?? 0, this.#ends[id - 1]);
  }

  /** The number of a text that is not empty; 0 where it is none of them. Decodes nothing. */
  numberOf(text: string): number {
    const wanted = Buffer.from(text);
    for (let at = this.#bytes.indexOf(wanted); at >= 0; at = this.#bytes.indexOf(wanted, at + 1)) {
      const number = this.#endingAt(at + wanted.length);
      if (number > 0 && (this.#ends[number - 2] ?? 0) === at) return number;
    }
    return 0;
  }

  /** The number of the first text that ends there; 0 where none does. */
  #endingAt(end: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) < end) low = middle + 1;
      else high = middle;
    }
    return this.#ends[low] === end ? low + 1 : 0;
  }

  /** All texts by their numbers; the first is none. */
  get texts(): readonly (string | undefined)[] {
    this.#texts ??= this.#decoded();
    return this.#texts;
  }

  /** At once, and then cut, where each character is a byte. */
  #decoded(): readonly (string | undefined)[] {
    const all = this.#bytes.toString('utf8');
    const isAscii = all.length === this.#bytes.length;
    const texts: (string | undefined)[] = [undefined];
    let start = 0;
    for (const end of this.#ends) {
      texts.push(isAscii ? all.slice(start, end) : this.#bytes.toString('utf8', start, end));
      start = end;
    }
    return texts;
  }
}

/** Adds the lengths up, in place. */
function endsOf(lengths: Float64Array): Float64Array {
  let end = 0;
  for (let i = 0; i < lengths.length; i++) {
    end += lengths[i] as number;
    lengths[i] = end;
  }
  return lengths;
}

/** @throws Damage */
export function readDictionary({ encoding, bytes }: StoredColumn, rows: number): Dictionary {
  const reader = new ByteReader(bytes);
  const ends = endsOf(reader.varints(reader.u16()));
  const texts = reader.raw(ends.at(-1) ?? 0);
  const isWide = encoding === ENCODING.dictionary16;
  if (!isWide && encoding !== ENCODING.dictionary8) throw new Damage('a column is encoded in no known way');
  return new Dictionary(fill(isWide ? new Uint16Array(rows) : new Uint8Array(rows), reader), ends, texts);
}

/** NaN where a row has none. @throws Damage */
export function readNumbers({ encoding, bytes }: StoredColumn, rows: number): Float64Array {
  const reader = new ByteReader(bytes);
  if (encoding === ENCODING.float) return fill(new Float64Array(rows), reader);
  const stored = fill(integersOf(encoding, rows), reader);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const value = stored[row] as number;
    values[row] = value === 0 ? Number.NaN : value - 1;
  }
  return values;
}

function integersOf(encoding: number, rows: number): Uint8Array | Uint16Array | Uint32Array {
  if (encoding === ENCODING.int8) return new Uint8Array(rows);
  if (encoding === ENCODING.int16) return new Uint16Array(rows);
  if (encoding === ENCODING.int32) return new Uint32Array(rows);
  throw new Damage('a column is encoded in no known way');
}

/** @param lanes of the rows, as `DeltaColumn.write` had them @throws Damage */
export function readDeltas({ encoding, bytes }: StoredColumn, rows: number, lanes?: Dictionary['ids']): Float64Array {
  const reader = new ByteReader(bytes);
  if (encoding === ENCODING.float) return fill(new Float64Array(rows), reader);
  if (encoding !== ENCODING.delta) throw new Damage('a column is encoded in no known way');
  const values = reader.varints(rows);
  return lanes === undefined ? onward(values) : onwardInLanes(values, lanes);
}

function onward(values: Float64Array): Float64Array {
  let value = 0;
  for (let row = 0; row < values.length; row++) {
    value += signed(values[row] as number);
    values[row] = value;
  }
  return values;
}

function onwardInLanes(values: Float64Array, lanes: Dictionary['ids']): Float64Array {
  const before = new Float64Array(lanes instanceof Uint8Array ? 1 << 8 : 1 << 16);
  for (let row = 0; row < values.length; row++) {
    const lane = lanes[row] as number;
    const value = (before[lane] as number) + signed(values[row] as number);
    before[lane] = value;
    values[row] = value;
  }
  return values;
}

/** Even for a step onward, odd for one back. Nearly all are small, and whole numbers halve faster than others. */
function signed(step: number): number {
  if (step <= 0x7fffffff) return (step >>> 1) ^ -(step & 1);
  return step % 2 === 0 ? step / 2 : -(step + 1) / 2;
}

/** Texts one behind the other: row r is at `ends[r − 1]` up to `ends[r]`. */
export interface Texts {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

/** @throws Damage */
export function readTexts({ encoding, bytes }: StoredColumn, rows: number): Texts {
  if (encoding !== ENCODING.bytes) throw new Damage('a column is encoded in no known way');
  const reader = new ByteReader(bytes);
  const lengths = reader.varints(rows);
  const ends = new Uint32Array(rows);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    end += lengths[row] as number;
    ends[row] = end;
  }
  return { bytes: reader.raw(end), ends };
}

export const textAt = ({ bytes, ends }: Texts, row: number): string =>
  bytes.toString('utf8', row === 0 ? 0 : ends[row - 1], ends[row]);

/** Copies the bytes into the array. Both are little-endian, as every machine is that this runs on. */
function fill<A extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(array: A, reader: ByteReader): A {
  new Uint8Array(array.buffer).set(reader.raw(array.byteLength));
  return array;
}
