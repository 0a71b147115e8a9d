import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Category, Event, EventOutcome, Provenance, UnparsedReason } from '../../core/event/event.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { type BlockHeader, decodeGroup } from './block-codec.ts';
import { Damage } from './bytes.ts';
import {
  columnsIn,
  type Dictionary,
  type GroupColumns,
  readDeltas,
  readDictionary,
  readNumbers,
  readTexts,
  type StoredColumn,
  type Texts,
  textAt,
} from './column-readers.ts';
import {
  COLUMNS,
  type Column,
  type ColumnName,
  EVENT_NUMBERS,
  EVENT_TEXTS,
  FLAGS,
  type Group,
  HTTP_NUMBERS,
  HTTP_TEXTS,
} from './layout.ts';
import { StoredWords } from './word-rows.ts';

/** Reads `length` bytes from `at` on, counted from the block's start. @throws Damage, errno errors */
export type ReadAt = (at: number, length: number) => Buffer;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A block whose columns are read and decoded when they are first asked for. Everything may throw `Damage`. */
export class Block {
  readonly header: BlockHeader;
  readonly #read: ReadAt;
  readonly #groups = new Map<Group, GroupColumns>();
  readonly #dictionaries = new Map<StoredColumn, Dictionary>();
  readonly #numbers = new Map<StoredColumn, Float64Array>();
  #texts: Texts | undefined;
  #folded: string | undefined;
  #words: StoredWords | undefined;
  #moments: Float64Array | undefined;

  constructor(header: BlockHeader, read: ReadAt) {
    this.header = header;
    this.#read = read;
  }

  get rows(): number {
    return this.header.rows;
  }

  dictionary(name: ColumnName): Dictionary | undefined {
    const { id, group }: Column = COLUMNS[name];
    const stored = this.header.columns.has(id) ? this.#group(group).byId.get(id) : undefined;
    return stored === undefined ? undefined : this.#dictionary(stored);
  }

  /** A column of `Event.fields`. */
  declared(name: string): Dictionary | undefined {
    const stored = this.#group('rest').declared.get(name);
    return stored === undefined ? undefined : this.#dictionary(stored);
  }

  numbers(name: ColumnName): Float64Array | undefined {
    const { id, group, storage }: Column = COLUMNS[name];
    const stored = this.header.columns.has(id) ? this.#group(group).byId.get(id) : undefined;
    if (stored === undefined) return undefined;
    let values = this.#numbers.get(stored);
    if (values === undefined) {
      const lanes = name === 'offset' ? this.dictionary('source')?.ids : undefined;
      values = storage === 'delta' ? readDeltas(stored, this.rows, lanes) : readNumbers(stored, this.rows);
      this.#numbers.set(stored, values);
    }
    return values;
  }

  get moments(): Float64Array {
    this.#moments ??= this.#checkedMoments();
    return this.#moments;
  }

  get messages(): Texts {
    const stored = this.#group('message').byId.get(COLUMNS.message.id);
    if (stored === undefined) throw new Damage('the messages are missing');
    this.#texts ??= readTexts(stored, this.rows);
    return this.#texts;
  }

  /**
   * All messages as one text for finding ASCII in: a character stands for a byte, letters are lower case. What stands
   * beyond ASCII is not what was written, but never turns into ASCII.
   */
  get foldedMessages(): string {
    this.#folded ??= this.messages.bytes.toString('latin1').toLowerCase();
    return this.#folded;
  }

  /** Undefined for a block of a tail. */
  get words(): StoredWords | undefined {
    const { at, stored, raw, crc } = this.header.groups.words;
    if (raw === 0) return undefined;
    this.#words ??= new StoredWords(decodeGroup(this.#read(at, stored), { raw, crc }));
    return this.#words;
  }

  /** The line as it was stored. */
  line(row: number): KeptLine {
    const text = (name: ColumnName): string | undefined => this.dictionary(name)?.at(row);
    const position = { source: text('source') ?? '', offset: this.numbers('offset')?.[row] ?? 0 };
    const line = { at: this.moments[row] as Millis, position, provenance: text('provenance') as Provenance };
    const unparsed = text('unparsed');
    const message = textAt(this.messages, row);
    if (unparsed === undefined) return this.#event(row, { ...line, message });
    const [host, program, pid] = [text('host'), text('program'), this.#number('pid', row)];
    return {
      unparsed: unparsed as UnparsedReason,
      ...line,
      ...(host === undefined ? {} : { host }),
      ...(program === undefined ? {} : { program }),
      ...(pid === undefined ? {} : { pid }),
      message,
    };
  }

  #event(row: number, line: Pick<Event, 'at' | 'position' | 'provenance' | 'message'>): Event {
    const event: Mutable<Event> = {
      ...line,
      category: 'other' as Category,
      action: '',
      outcome: 'unknown' as EventOutcome,
    };
    const loose = event as Record<string, unknown>;
    for (const name of EVENT_TEXTS) {
      const value = this.dictionary(name)?.at(row);
      if (value !== undefined) loose[name] = value as Ip;
    }
    for (const name of EVENT_NUMBERS) {
      const value = this.#number(name, row);
      if (value !== undefined) loose[name] = value;
    }
    const flags = this.#number('flags', row) ?? 0;
    if ((flags & FLAGS.userUnknown) !== 0) event.userUnknown = true;
    if ((flags & FLAGS.http) !== 0) event.http = this.#http(row);
    if ((flags & FLAGS.fields) !== 0) event.fields = this.#fields(row);
    return event;
  }

  #http(row: number): Record<string, string | number> {
    const http: Record<string, string | number> = {};
    for (const [key, name] of Object.entries(HTTP_TEXTS)) {
      const value = this.dictionary(name)?.at(row);
      if (value !== undefined) http[key] = value;
    }
    for (const [key, name] of Object.entries(HTTP_NUMBERS)) {
      const value = this.#number(name, row);
      if (value !== undefined) http[key] = value;
    }
    return http;
  }

  #fields(row: number): Record<string, string> {
    const found = [...this.#group('rest').declared].flatMap(([name, stored]) => {
      const value = this.#dictionary(stored).at(row);
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(found);
  }

  /** A search relies on what the header says of them. */
  #checkedMoments(): Float64Array {
    const moments = this.numbers('at');
    if (moments === undefined) throw new Damage('the moments are missing');
    const { minAt, maxAt } = this.header;
    for (const at of moments)
      if (!(at >= minAt && at <= maxAt)) throw new Damage('a moment is not what the header says');
    return moments;
  }

  #number(name: ColumnName, row: number): number | undefined {
    const value = this.numbers(name)?.[row];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  #dictionary(stored: StoredColumn): Dictionary {
    let dictionary = this.#dictionaries.get(stored);
    if (dictionary === undefined) {
      dictionary = readDictionary(stored, this.rows);
      this.#dictionaries.set(stored, dictionary);
    }
    return dictionary;
  }

  #group(group: Group): GroupColumns {
    let columns = this.#groups.get(group);
    if (columns === undefined) {
      const stored = this.header.groups[group];
      columns = columnsIn(decodeGroup(this.#read(stored.at, stored.stored), stored));
      this.#groups.set(group, columns);
    }
    return columns;
  }
}
