import type { BlockColumn, ByteRows, DictionaryRows, NumberRows, StepRows } from '../../native/blocks/port.ts';
import { FIELD, FIELDS } from '../../native/lines/port.ts';
import { type Column, GROUPS } from './layout.ts';
import type { Run } from './read-lines.ts';

/** Rows of a full block: enough to compress well, few enough that reading one of them costs little. */
export const BLOCK_ROWS = 4096;

type Place = Pick<Column, 'id' | 'group'>;

const placed = <R>({ id, group }: Place, rows: R) => ({ id, group: GROUPS.indexOf(group), ...rows });

/** Texts of which few are distinct: each row has the number of its text, 0 for none. */
export class DictionaryColumn {
  readonly column: Pick<Column, 'id' | 'group' | 'field'>;
  readonly #ids = new Uint16Array(BLOCK_ROWS);
  readonly #numbers = new Map<string, number>();
  #values: string[] = [];
  #lastText: string | undefined;
  #lastId = 0;
  /** By their numbers in `#listed` the ids of texts that were added; 0 for the others. */
  #listedIds = new Uint16Array(0);
  #listed: readonly string[] | undefined;

  constructor(column: Pick<Column, 'id' | 'group' | 'field'>) {
    this.column = column;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  get values(): readonly string[] {
    return this.#values;
  }

  /** The number of the text of each row. */
  get ids(): Uint16Array {
    return this.#ids;
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

  /** As `add`, the same text in so many rows. */
  addSame(row: number, text: string, count: number): number {
    const units = this.add(row, text);
    this.#ids.fill(this.#lastId, row, row + count);
    return units;
  }

  /**
   * As `add` for each of a run, of texts by their number in a list that only grows, 0 for none: each is looked for once in a block.
   * @param field of the row, that has the number
   */
  addRun(row: number, { lines: { rows }, line, count }: Run, texts: readonly string[], field: number): number {
    if (texts !== this.#listed || texts.length > this.#listedIds.length) this.#take(texts);
    const [ids, listed] = [this.#ids, this.#listedIds];
    let units = 0;
    for (let i = 0, at = line + field; i < count; i++, at += FIELDS) {
      const number = rows[at] as number;
      if (number === 0) continue;
      const known = listed[number] as number;
      if (known !== 0) {
        ids[row + i] = known;
        continue;
      }
      units += this.add(row + i, texts[number] as string);
      listed[number] = ids[row + i] as number;
    }
    return units;
  }

  #take(texts: readonly string[]): void {
    const ids = new Uint16Array(Math.max(64, texts.length * 2));
    if (texts === this.#listed) ids.set(this.#listedIds);
    this.#listed = texts;
    this.#listedIds = ids;
  }

  clear(): void {
    if (this.isEmpty) return;
    this.#ids.fill(0);
    this.#numbers.clear();
    this.#values = [];
    this.#lastText = undefined;
    this.#lastId = 0;
    this.#listedIds.fill(0);
  }

  rows(more: Pick<DictionaryRows, 'name' | 'terms'>): BlockColumn {
    return placed(this.column, { kind: 'dictionary', ids: this.#ids, texts: this.#values, ...more } as const);
  }
}

/** A number or none in each row. */
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

  rows(): BlockColumn {
    const rows: NumberRows = { kind: 'number', values: this.#values };
    return placed(this.column, rows);
  }
}

/** A number in every row. */
export class DeltaColumn {
  readonly column: Column;
  readonly #values = new Float64Array(BLOCK_ROWS);

  constructor(column: Column) {
    this.column = column;
  }

  add(row: number, value: number): void {
    this.#values[row] = value;
  }

  /** @param lanes of the rows: offsets go on within their source, whatever stands between */
  rows(lanes?: Uint16Array): BlockColumn {
    const rows: StepRows = { kind: 'steps', values: this.#values, ...(lanes && { lanes }) };
    return placed(this.column, rows);
  }
}

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
    const start = this.#room(row, text.length * 3);
    const taken = this.#bytes.write(text, start, 'utf8');
    this.#ends[row] = start + taken;
    return taken;
  }

  /** As `add` for each of a run. */
  addRun(row: number, { lines: { rows, messages }, line, count }: Run): number {
    const last = line + (count - 1) * FIELDS;
    const begin = rows[line + FIELD.packed] as number;
    const end = (rows[last + FIELD.packed] as number) + lengthOf(rows, last);
    const start = this.#room(row, end - begin);
    messages.copy(this.#bytes, start, begin, end);
    for (let i = 0, at = line; i < count; i++, at += FIELDS) {
      this.#ends[row + i] = start - begin + (rows[at + FIELD.packed] as number) + lengthOf(rows, at);
    }
    return end - begin;
  }

  /** @returns where the row begins, behind which there is room for so many bytes */
  #room(row: number, bytes: number): number {
    const start = row === 0 ? 0 : (this.#ends[row - 1] as number);
    const needed = start + bytes;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    return start;
  }

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  rows(): BlockColumn {
    const rows: ByteRows = { kind: 'bytes', bytes: this.#bytes, ends: this.#ends };
    return placed(this.column, rows);
  }
}

/** Of a message. */
const lengthOf = (rows: Uint32Array, line: number): number =>
  (rows[line + FIELD.end] as number) - (rows[line + FIELD.message] as number);

const INITIAL_BYTES = 512 * 1024;
const KEPT_BYTES = 2 * 1024 * 1024;
