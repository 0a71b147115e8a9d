/**
 * Entries as the engine packed them: the format is in engine/batch.h. Strings are made when they are asked for, a value
 * that several entries share once. The bytes may be posted to another thread and wrapped again there.
 */
export class JournalBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fields: readonly string[];
  readonly length: number;
  /** Entries passed over by `JournalOptions.exclude`. */
  readonly excluded: number;
  /** Entries, or rests of entries, that could not be read. */
  readonly damaged: number;
  /** Entries that, by their sequence numbers, were between those read: damaged, deleted, or not for this user to see. */
  readonly missing: number;
  readonly #words: Uint32Array;
  readonly #buffer: Buffer;
  readonly #columns: Columns;
  readonly #texts: string[];
  readonly #ids: string[] = [];

  /** @param bytes begin at a multiple of four in their buffer @param fields those the journal was opened with */
  constructor(bytes: Uint8Array<ArrayBuffer>, fields: readonly string[]) {
    const header = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER);
    const [
      version,
      length = 0,
      width,
      values = 0,
      ids = 0,
      excluded = 0,
      damaged = 0,
      size = 0,
      last = 0,
      missing = 0,
    ] = header;
    if (version !== VERSION || width !== fields.length) throw new RangeError('not a batch of these fields');
    this.bytes = bytes;
    this.fields = fields;
    this.length = length;
    this.excluded = excluded;
    this.damaged = damaged;
    this.missing = missing;
    this.#columns = layOut({ length, width, values, ids, size, last });
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, this.#columns.traits / 4);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#texts = new Array(values);
  }

  /** Of the last entry gone by, passed over ones too; before the first read what was sought. `''`: there was none. */
  get last(): string {
    return this.#buffer.toString('latin1', this.#columns.last, this.#columns.end);
  }

  /** Unique within its sequence of files, growing by one from entry to entry. */
  seqnum(entry: number): number {
    return this.#number(this.#columns.seqnums, entry);
  }

  /** When journald received it: microseconds since 1970. */
  realtime(entry: number): number {
    return this.#number(this.#columns.realtimes, entry);
  }

  /** The same since the start of its boot. */
  monotonic(entry: number): number {
    return this.#number(this.#columns.monotonics, entry);
  }

  /** 32 hex digits: the sequence of files that `seqnum` counts in. */
  seqnumId(entry: number): string {
    return this.#id(this.#word(this.#columns.origins, entry) & 0xffff);
  }

  /** 32 hex digits. */
  boot(entry: number): string {
    return this.#id(this.#word(this.#columns.origins, entry) >>> 16);
  }

  /** Names the entry for good: seek to it, hand it to `journalctl --cursor`. */
  cursor(entry: number): string {
    const { seqnums, monotonics, realtimes, hashes } = this.#columns;
    const hex = (column: number): string =>
      ((BigInt(this.#word(column, entry * 2 + 1)) << 32n) | BigInt(this.#word(column, entry * 2))).toString(16);
    return `s=${this.seqnumId(entry)};i=${hex(seqnums)};b=${this.boot(entry)};m=${hex(monotonics)};t=${hex(realtimes)};x=${hex(hashes)}`;
  }

  /** A field's first value; bytes that are not UTF-8 are U+FFFD. @param field index in `fields` */
  text(entry: number, field: number): string | undefined {
    const number = this.#cell(entry, field);
    return number < 0 ? undefined : this.#text(number);
  }

  /** The value's bytes, not copied. */
  raw(entry: number, field: number): Uint8Array | undefined {
    const number = this.#cell(entry, field);
    return number < 0 ? undefined : this.#buffer.subarray(this.#start(number), this.#end(number));
  }

  /** The value has control characters other than tab. */
  hasControls(entry: number, field: number): boolean {
    return this.#hasTrait(this.#cell(entry, field), HAS_CONTROLS);
  }

  /** The value was longer than `maxValueBytes`. */
  isCutOff(entry: number, field: number): boolean {
    return this.#hasTrait(this.#cell(entry, field), CUT_OFF);
  }

  /** Every entry as an object. */
  entries(): JournalEntry[] {
    const { fields } = this;
    return Array.from({ length: this.length }, (_, entry) => {
      const texts: Record<string, string> = {};
      for (let field = 0; field < fields.length; field++) {
        const text = this.text(entry, field);
        if (text !== undefined) texts[fields[field] as string] = text;
      }
      return new JournalEntry(this, entry, texts);
    });
  }

  #text(number: number): string {
    const known = this.#texts[number];
    if (known !== undefined) return known;
    const [start, end] = [this.#start(number), this.#end(number)];
    const text = this.#hasTrait(number, NOT_ASCII)
      ? this.#buffer.toString('utf8', start, end)
      : this.#buffer.toString('latin1', start, end);
    this.#texts[number] = text;
    return text;
  }

  /** Number of a field's value, -1 for none. */
  #cell(entry: number, field: number): number {
    return this.#word(this.#columns.cells, entry * this.fields.length + field) - 1;
  }

  #hasTrait(number: number, trait: number): boolean {
    return number >= 0 && ((this.bytes[this.#columns.traits + number] as number) & trait) !== 0;
  }

  #start(number: number): number {
    return this.#columns.values + (number === 0 ? 0 : this.#word(this.#columns.ends, number - 1));
  }

  #end(number: number): number {
    return this.#columns.values + this.#word(this.#columns.ends, number);
  }

  #id(number: number): string {
    const start = this.#columns.ids + number * ID_BYTES;
    this.#ids[number] ??= this.#buffer.toString('latin1', start, start + ID_BYTES);
    return this.#ids[number];
  }

  #number(column: number, entry: number): number {
    return this.#word(column, entry * 2) + this.#word(column, entry * 2 + 1) * 2 ** 32;
  }

  #word(column: number, index: number): number {
    return this.#words[column / 4 + index] as number;
  }
}

/** One entry of a batch. */
export class JournalEntry {
  /** The wanted fields it has. */
  readonly fields: Readonly<Record<string, string>>;
  readonly #batch: JournalBatch;
  readonly #index: number;

  constructor(batch: JournalBatch, index: number, fields: Readonly<Record<string, string>>) {
    this.fields = fields;
    this.#batch = batch;
    this.#index = index;
  }

  get cursor(): string {
    return this.#batch.cursor(this.#index);
  }

  /** Microseconds since 1970. */
  get realtime(): number {
    return this.#batch.realtime(this.#index);
  }

  /** Microseconds since the start of its boot. */
  get monotonic(): number {
    return this.#batch.monotonic(this.#index);
  }

  get boot(): string {
    return this.#batch.boot(this.#index);
  }
}

const VERSION = 1;
/** Words. */
const HEADER = 10;
const ID_BYTES = 32;

const NOT_ASCII = 1;
const HAS_CONTROLS = 2;
const CUT_OFF = 4;

/** Where each column begins, in bytes from the batch's beginning. */
type Columns = ReturnType<typeof layOut>;

interface Sizes {
  readonly length: number;
  /** Fields. */
  readonly width: number;
  readonly values: number;
  readonly ids: number;
  /** Bytes of all values. */
  readonly size: number;
  /** Bytes of the last cursor. */
  readonly last: number;
}

function layOut(sizes: Sizes) {
  let at = HEADER * 4;
  const column = (bytes: number): number => {
    const start = at;
    at += bytes;
    return start;
  };
  return {
    seqnums: column(sizes.length * 8),
    realtimes: column(sizes.length * 8),
    monotonics: column(sizes.length * 8),
    hashes: column(sizes.length * 8),
    cells: column(sizes.length * sizes.width * 4),
    origins: column(sizes.length * 4),
    ends: column(sizes.values * 4),
    traits: column(sizes.values),
    ids: column(sizes.ids * ID_BYTES),
    values: column(sizes.size),
    last: column(sizes.last),
    end: at,
  };
}
