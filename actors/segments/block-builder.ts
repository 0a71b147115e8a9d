import type { Event, HttpFields } from '../../core/event/event.ts';
import { isUnparsed, type KeptLine } from '../../core/event/kept.ts';
import type { Field } from '../../core/query/catalogue.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { ipv6NetworkTerm } from '../../core/query/terms.ts';
import type { BlockColumn, BlockPort, IndexedTexts } from '../../native/blocks/port.ts';
import { FIELD, FIELDS, FLAG } from '../../native/lines/port.ts';
import { type BlockParts, COMPRESSION, encodeBlock } from './block-codec.ts';
import type { Rows } from './column-writers.ts';
import { BLOCK_ROWS, BytesColumn, DeltaColumn, DictionaryColumn, NumberColumn } from './columns.ts';
import { COLUMNS, DECLARED, FLAGS, GROUPS } from './layout.ts';
import { PlainBlocks } from './plain-blocks.ts';
import { KIND_TEXTS, momentOf, type ReadLines, type Run } from './read-lines.ts';

/** Text after which a block is full, whatever its rows. */
const FULL_UNITS = 1 << 20;

/** Lines that are gathered at once: of the longest still fewer units than make a block full. */
const AT_ONCE = 512;

const INDEXED: ReadonlyMap<string, Field<KeptLine>> = new Map(
  EVENT_FIELDS.fields.filter(({ isIndexed }) => isIndexed === true).map((field) => [field.name, field]),
);

/** Gathers lines as columns and writes any run of them as a block. Keeps no line. */
export class BlockBuilder {
  readonly #at = new DeltaColumn(COLUMNS.at);
  readonly #host = new DictionaryColumn(COLUMNS.host);
  readonly #program = new DictionaryColumn(COLUMNS.program);
  readonly #pid = new NumberColumn(COLUMNS.pid);
  readonly #category = new DictionaryColumn(COLUMNS.category);
  readonly #action = new DictionaryColumn(COLUMNS.action);
  readonly #outcome = new DictionaryColumn(COLUMNS.outcome);
  readonly #user = new DictionaryColumn(COLUMNS.user);
  readonly #flags = new NumberColumn(COLUMNS.flags);
  readonly #targetUser = new DictionaryColumn(COLUMNS.targetUser);
  readonly #sourceIp = new DictionaryColumn(COLUMNS.sourceIp);
  readonly #sourcePort = new NumberColumn(COLUMNS.sourcePort);
  readonly #method = new DictionaryColumn(COLUMNS.method);
  readonly #unparsed = new DictionaryColumn(COLUMNS.unparsed);
  readonly #service = new DictionaryColumn(COLUMNS.service);
  readonly #message = new BytesColumn(COLUMNS.message);
  readonly #source = new DictionaryColumn(COLUMNS.source);
  readonly #offset = new DeltaColumn(COLUMNS.offset);
  readonly #provenance = new DictionaryColumn(COLUMNS.provenance);
  readonly #destinationIp = new DictionaryColumn(COLUMNS.destinationIp);
  readonly #destinationPort = new NumberColumn(COLUMNS.destinationPort);
  readonly #transport = new DictionaryColumn(COLUMNS.transport);
  readonly #repeats = new NumberColumn(COLUMNS.repeats);
  readonly #httpMethod = new DictionaryColumn(COLUMNS.httpMethod);
  readonly #path = new DictionaryColumn(COLUMNS.path);
  readonly #query = new DictionaryColumn(COLUMNS.query);
  readonly #status = new NumberColumn(COLUMNS.status);
  readonly #bytes = new NumberColumn(COLUMNS.bytes);
  readonly #referrer = new DictionaryColumn(COLUMNS.referrer);
  readonly #userAgent = new DictionaryColumn(COLUMNS.userAgent);
  readonly #httpHost = new DictionaryColumn(COLUMNS.httpHost);
  readonly #declared = new Map<string, DictionaryColumn>();
  readonly #dictionaries: readonly DictionaryColumn[] = [
    ...[this.#host, this.#program, this.#category, this.#action, this.#outcome, this.#user, this.#targetUser],
    ...[this.#sourceIp, this.#method, this.#unparsed, this.#service, this.#provenance, this.#source],
    ...[this.#destinationIp, this.#transport, this.#httpMethod, this.#path, this.#query, this.#referrer],
    ...[this.#userAgent, this.#httpHost],
  ];
  readonly #numbers: readonly NumberColumn[] = [
    ...[this.#pid, this.#flags, this.#sourcePort, this.#destinationPort, this.#repeats, this.#status, this.#bytes],
  ];
  readonly #port: BlockPort;
  readonly #limit: number;
  #rows = 0;
  #units = 0;
  #terms: Int32Array = new Int32Array(0);

  /** @param limit rows of a full block, at most `BLOCK_ROWS` */
  constructor(limit: number = BLOCK_ROWS, port: BlockPort = new PlainBlocks()) {
    this.#limit = limit;
    this.#port = port;
  }

  get rows(): number {
    return this.#rows;
  }

  /** It takes no more: write and clear it. */
  get isFull(): boolean {
    return this.#rows >= this.#limit || this.#units >= FULL_UNITS;
  }

  /** The terms of the rows last written with a bloom. */
  get terms(): Int32Array {
    return this.#terms;
  }

  add(line: KeptLine): void {
    const row = this.#rows++;
    this.#at.add(row, line.at);
    this.#offset.add(row, line.position.offset);
    let units = this.#message.add(row, line.message) + this.#source.add(row, line.position.source);
    units += this.#provenance.add(row, line.provenance);
    if (line.host !== undefined) units += this.#host.add(row, line.host);
    if (line.program !== undefined) units += this.#program.add(row, line.program);
    if (line.pid !== undefined) this.#pid.add(row, line.pid);
    units += isUnparsed(line) ? this.#unparsed.add(row, line.unparsed) : this.#addEvent(row, line);
    this.#units += units;
  }

  /** As `add`, of lines that `native/lines` has read, as many as it takes at once. @returns how many */
  addRead(lines: ReadLines, line: number, most: number): number {
    const row = this.#rows;
    const run = { lines, line, count: Math.min(most, this.#limit - row, AT_ONCE) };
    const { texts, source, provenance } = lines;
    this.#rows += run.count;
    this.#addNumbers(row, run);
    let units = this.#message.addRun(row, run) + this.#source.addSame(row, source, run.count);
    units += this.#provenance.addSame(row, provenance, run.count);
    units += this.#host.addRun(row, run, texts, FIELD.host) + this.#program.addRun(row, run, texts, FIELD.program);
    units += this.#category.addRun(row, run, KIND_TEXTS.category, FIELD.action);
    units += this.#action.addRun(row, run, KIND_TEXTS.action, FIELD.action);
    units += this.#outcome.addRun(row, run, KIND_TEXTS.outcome, FIELD.action);
    units += this.#user.addRun(row, run, texts, FIELD.user) + this.#sourceIp.addRun(row, run, texts, FIELD.address);
    units += this.#method.addRun(row, run, texts, FIELD.method);
    units += this.#targetUser.addRun(row, run, texts, FIELD.target);
    this.#units += units;
    return run.count;
  }

  clear(): void {
    this.#rows = 0;
    this.#units = 0;
    for (const column of this.#dictionaries) column.clear();
    for (const column of this.#numbers) column.clear();
    this.#message.clear();
    this.#declared.clear();
  }

  /**
   * The rows as a block.
   * @param parts `isFinal` gives it a bloom: of the few rows of a tail it would be larger than they are
   */
  write(rows: Rows, parts: Pick<BlockParts, 'first' | 'generation'> & { readonly isFinal: boolean }): Buffer {
    const { columns, extents, bloom, groups, minAt, maxAt, terms } = this.#port.pack({
      ...rows,
      isFinal: parts.isFinal,
      columns: this.#columns(),
      groups: GROUPS.length,
      words: WORDS,
      ...COMPRESSION,
    });
    this.#terms = terms;
    const { first, generation } = parts;
    return encodeBlock({ first, generation, rows: rows.to - rows.from, minAt, maxAt, columns, extents, bloom, groups });
  }

  #addNumbers(row: number, { lines, line, count }: Run): void {
    const { rows, offset } = lines;
    for (let i = row, at = line; i < row + count; i++, at += FIELDS) {
      this.#at.add(i, momentOf(lines, at));
      this.#offset.add(i, offset + (rows[at + FIELD.start] as number));
      const port = rows[at + FIELD.port] as number;
      const flags = rows[at + FIELD.flags] as number;
      const repeats = rows[at + FIELD.repeats] as number;
      if ((flags & FLAG.noPid) === 0) this.#pid.add(i, rows[at + FIELD.pid] as number);
      if (port !== 0) this.#sourcePort.add(i, port);
      if (repeats !== 0) this.#repeats.add(i, repeats);
      if ((flags & FLAG.userUnknown) !== 0) this.#flags.add(i, FLAGS.userUnknown);
    }
  }

  #addEvent(row: number, event: Event): number {
    let units = this.#category.add(row, event.category) + this.#action.add(row, event.action);
    units += this.#outcome.add(row, event.outcome);
    if (event.user !== undefined) units += this.#user.add(row, event.user);
    if (event.sourceIp !== undefined) units += this.#sourceIp.add(row, event.sourceIp);
    if (event.sourcePort !== undefined) this.#sourcePort.add(row, event.sourcePort);
    if (event.method !== undefined) units += this.#method.add(row, event.method);
    if (event.service !== undefined) units += this.#service.add(row, event.service);
    if (event.targetUser !== undefined) units += this.#targetUser.add(row, event.targetUser);
    if (event.destinationIp !== undefined) units += this.#destinationIp.add(row, event.destinationIp);
    if (event.destinationPort !== undefined) this.#destinationPort.add(row, event.destinationPort);
    if (event.transport !== undefined) units += this.#transport.add(row, event.transport);
    if (event.repeats !== undefined) this.#repeats.add(row, event.repeats);
    const flags =
      (event.userUnknown === true ? FLAGS.userUnknown : 0) |
      (event.http === undefined ? 0 : FLAGS.http) |
      (event.fields === undefined ? 0 : FLAGS.fields);
    if (flags !== 0) this.#flags.add(row, flags);
    if (event.http !== undefined) units += this.#addHttp(row, event.http);
    if (event.fields !== undefined) units += this.#addDeclared(row, event.fields);
    return units;
  }

  #addHttp(row: number, http: HttpFields): number {
    let units = 0;
    if (http.method !== undefined) units += this.#httpMethod.add(row, http.method);
    if (http.path !== undefined) units += this.#path.add(row, http.path);
    if (http.query !== undefined) units += this.#query.add(row, http.query);
    if (http.referrer !== undefined) units += this.#referrer.add(row, http.referrer);
    if (http.userAgent !== undefined) units += this.#userAgent.add(row, http.userAgent);
    if (http.host !== undefined) units += this.#httpHost.add(row, http.host);
    if (http.status !== undefined) this.#status.add(row, http.status);
    if (http.bytes !== undefined) this.#bytes.add(row, http.bytes);
    return units;
  }

  #addDeclared(row: number, fields: Readonly<Record<string, string>>): number {
    let units = 0;
    for (const [name, value] of Object.entries(fields)) {
      let column = this.#declared.get(name);
      if (column === undefined) {
        column = new DictionaryColumn({ id: DECLARED, group: 'rest', field: name });
        this.#declared.set(name, column);
        units += name.length + BLOCK_ROWS;
      }
      units += column.add(row, value);
    }
    return units;
  }

  /** Offsets of several sources come in turns; each goes on where its own was left. */
  #columns(): readonly BlockColumn[] {
    const columns = [this.#at.rows()];
    for (const column of this.#dictionaries) if (!column.isEmpty) columns.push(column.rows(indexOf(column)));
    for (const column of this.#numbers) if (!column.isEmpty) columns.push(column.rows());
    columns.push(this.#message.rows(), this.#offset.rows(this.#source.ids));
    for (const [name, column] of this.#declared) columns.push(column.rows({ name }));
    return columns;
  }
}

const WORDS = GROUPS.indexOf('words');

/** What blooms are to know of its texts. */
function indexOf({ column, values }: DictionaryColumn): { readonly terms?: IndexedTexts } {
  const field = INDEXED.get(column.field);
  if (field === undefined) return {};
  const { name } = field;
  const areAddresses = field.kind === 'ip';
  const more = areAddresses ? values.flatMap((value) => ipv6NetworkTerm(name, value) ?? []) : [];
  return { terms: { field: name, areAddresses, more: Int32Array.from(more) } };
}
