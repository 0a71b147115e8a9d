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

/** Each row has the number of its text among `values`, counted from 1; 0 for none. */
export interface Dictionary {
  readonly values: readonly string[];
  readonly ids: Uint8Array | Uint16Array;
}

/** @throws Damage */
export function readDictionary({ encoding, bytes }: StoredColumn, rows: number): Dictionary {
  const reader = new ByteReader(bytes);
  const lengths = Array.from({ length: reader.u16() }, () => reader.varint());
  const values = textsOf(lengths, reader.raw(lengths.reduce((sum, length) => sum + length, 0)));
  const isWide = encoding === ENCODING.dictionary16;
  if (!isWide && encoding !== ENCODING.dictionary8) throw new Damage('a column is encoded in no known way');
  const ids = isWide ? new Uint16Array(rows) : new Uint8Array(rows);
  fill(ids, reader);
  for (const id of ids) if (id > values.length) throw new Damage('a text is missing');
  return { values, ids };
}

/** Cuts texts out of the bytes of all: at once where each character is a byte. */
function textsOf(lengths: readonly number[], bytes: Buffer): readonly string[] {
  const all = bytes.toString('utf8');
  const isAscii = all.length === bytes.length;
  let at = 0;
  return lengths.map((length) => {
    const start = at;
    at += length;
    return isAscii ? all.slice(start, at) : bytes.toString('utf8', start, at);
  });
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

/** @param lane as `DeltaColumn.write` had it @throws Damage */
export function readDeltas(
  { encoding, bytes }: StoredColumn,
  rows: number,
  lane?: (row: number) => number,
): Float64Array {
  const reader = new ByteReader(bytes);
  const values = new Float64Array(rows);
  if (encoding === ENCODING.float) return fill(values, reader);
  if (encoding !== ENCODING.delta) throw new Damage('a column is encoded in no known way');
  const before: number[] = [];
  for (let row = 0; row < rows; row++) {
    const of = lane === undefined ? 0 : lane(row);
    const step = reader.varint();
    const value = (before[of] ?? 0) + (step % 2 === 0 ? step / 2 : -(step + 1) / 2);
    before[of] = value;
    values[row] = value;
  }
  return values;
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
  const ends = new Uint32Array(rows);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    end += reader.varint();
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
