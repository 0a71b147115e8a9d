import type { BlockColumn, ByteRows, DictionaryRows, NumberRows, StepRows } from '../../native/blocks/port.ts';
import type { ByteWriter } from './bytes.ts';

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

export interface Extent {
  readonly least: number;
  readonly most: number;
}

/** Writes a column's values of the rows. */
export function writeColumn(column: BlockColumn, rows: Rows, out: ByteWriter): Encoding {
  switch (column.kind) {
    case 'dictionary':
      return writeDictionary(column, rows, out);
    case 'number':
      return writeNumbers(column, rows, out);
    case 'steps':
      return writeSteps(column, rows, out);
    case 'bytes':
      return writeBytes(column, rows, out);
  }
}

/** Whether any of the rows has a value; of steps and bytes each has. */
export function occursIn(column: BlockColumn, rows: Rows): boolean {
  if (column.kind === 'number') return extentOf(column, rows) !== undefined;
  return column.kind !== 'dictionary' || column.ids.subarray(rows.from, rows.to).some((id) => id !== 0);
}

/** Least and most of the rows; undefined where none has a number. */
export function extentOf({ values }: NumberRows, { from, to }: Rows): Extent | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = from; row < to; row++) {
    const value = values[row] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least > most ? undefined : { least, most };
}

/** Of steps, which every row has. */
export function momentsOf({ values }: StepRows, { from, to }: Rows): Extent {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = from; row < to; row++) {
    least = Math.min(least, values[row] as number);
    most = Math.max(most, values[row] as number);
  }
  return { least, most };
}

/** Only the texts of these rows, renumbered in the order in which they first occur. */
function writeDictionary({ ids, texts }: DictionaryRows, { from, to }: Rows, out: ByteWriter): Encoding {
  const renumbered = new Uint16Array(texts.length + 1);
  const taken = ids.subarray(from, to);
  const used = renumber(taken, renumbered, texts);
  writeTexts(out, used);
  const isWide = used.length > 0xff;
  const numbers = isWide ? new Uint16Array(to - from) : new Uint8Array(to - from);
  for (let i = 0; i < taken.length; i++) numbers[i] = renumbered[taken[i] as number] as number;
  out.raw(new Uint8Array(numbers.buffer));
  return isWide ? ENCODING.dictionary16 : ENCODING.dictionary8;
}

/** Numbers the texts in the order in which they first occur. @returns them */
function renumber(ids: Uint16Array, renumbered: Uint16Array, texts: readonly string[]): readonly string[] {
  const used: string[] = [];
  for (const id of ids) {
    if (id !== 0 && renumbered[id] === 0) renumbered[id] = used.push(texts[id - 1] as string);
  }
  return used;
}

function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  out.u16(texts.length);
  for (const text of texts) out.varint(Buffer.byteLength(text));
  for (const text of texts) out.text(text);
}

/** Each as wide as the largest needs; a row without one is 0, the others stand one higher. */
function writeNumbers({ values }: NumberRows, { from, to }: Rows, out: ByteWriter): Encoding {
  const taken = values.subarray(from, to);
  const width = widthOf(taken);
  if (width === undefined) {
    out.raw(new Uint8Array(taken.slice().buffer));
    return ENCODING.float;
  }
  const { Store, encoding } = width;
  const stored = new Store(taken.length);
  for (const [i, value] of taken.entries()) if (value >= 0) stored[i] = value + 1;
  out.raw(new Uint8Array(stored.buffer));
  return encoding;
}

function widthOf(values: Float64Array) {
  let most = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value) || value < 0) return undefined;
    if (value > most) most = value;
  }
  return WIDTHS.find(({ limit }) => most < limit);
}

/** `limit`: the values below it fit, one being added. */
const WIDTHS = [
  { limit: 0xff, Store: Uint8Array, encoding: ENCODING.int8 },
  { limit: 0xffff, Store: Uint16Array, encoding: ENCODING.int16 },
  { limit: 0xffffffff, Store: Uint32Array, encoding: ENCODING.int32 },
] as const;

function writeSteps({ values, lanes }: StepRows, { from, to }: Rows, out: ByteWriter): Encoding {
  const taken = values.subarray(from, to);
  if (!taken.every((value) => Number.isInteger(value) && value >= 0 && value <= MAX_STEPPED)) {
    out.raw(new Uint8Array(taken.slice().buffer));
    return ENCODING.float;
  }
  const before: number[] = [];
  for (const [i, value] of taken.entries()) {
    const lane = lanes?.[from + i] ?? 0;
    const step = value - (before[lane] ?? 0);
    before[lane] = value;
    out.varint(step >= 0 ? step * 2 : -step * 2 - 1);
  }
  return ENCODING.delta;
}

/** Twice a step must be a safe integer. */
const MAX_STEPPED = 2 ** 51;

function writeBytes({ bytes, ends }: ByteRows, { from, to }: Rows, out: ByteWriter): Encoding {
  const startOf = (row: number): number => (row === 0 ? 0 : (ends[row - 1] as number));
  for (let row = from; row < to; row++) out.varint((ends[row] as number) - startOf(row));
  if (to > from) out.raw(bytes.subarray(startOf(from), ends[to - 1]));
  return ENCODING.bytes;
}
