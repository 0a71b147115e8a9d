import type { Event, HttpFields } from '../../core/event/event.ts';
import { isUnparsed, type KeptLine } from '../../core/event/kept.ts';
import type { Field } from '../../core/query/catalogue.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { addressTerms, fieldTerm, TermSet } from '../../core/query/terms.ts';
import { type BlockParts, encodeBlock } from './block-codec.ts';
import { bloomOf } from './bloom.ts';
import { ByteWriter } from './bytes.ts';
import {
  BLOCK_ROWS,
  BytesColumn,
  DeltaColumn,
  DictionaryColumn,
  type Encoding,
  NumberColumn,
  type Rows,
} from './column-writers.ts';
import { COLUMNS, DECLARED, FLAGS, GROUPS, type Group } from './layout.ts';
import { WordRows } from './word-rows.ts';

/** Text after which a block is full, whatever its rows. */
const FULL_UNITS = 1 << 20;

type Stored = DictionaryColumn | NumberColumn | DeltaColumn | BytesColumn;

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
  readonly #terms = new TermSet();
  readonly #words = new WordRows();
  readonly #out = new ByteWriter();
  readonly #limit: number;
  #rows = 0;
  #units = 0;

  /** @param limit rows of a full block, at most `BLOCK_ROWS` */
  constructor(limit: number = BLOCK_ROWS) {
    this.#limit = limit;
  }

  get rows(): number {
    return this.#rows;
  }

  /** It takes no more: write and clear it. */
  get isFull(): boolean {
    return this.#rows >= this.#limit || this.#units >= FULL_UNITS;
  }

  /** The terms of the rows last written with a bloom; good until the next. */
  get terms(): TermSet {
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
    this.#terms.clear();
    if (parts.isFinal) this.#gatherTerms(rows);
    const present = this.#columns().filter((column) => isPresent(column, rows));
    const extents = this.#numbers
      .map((column) => ({ id: column.column.id, extent: column.extent(rows) }))
      .flatMap(({ id, extent }) => (extent === undefined ? [] : [{ id, ...extent }]));
    const at = this.#at.extent(rows);
    return encodeBlock({
      ...parts,
      rows: rows.to - rows.from,
      minAt: at.least,
      maxAt: at.most,
      columns: [...new Set(present.map(({ column }) => column.id))],
      extents,
      bloom: parts.isFinal ? bloomOf(this.#terms) : Buffer.alloc(0),
      groups: GROUPS.map((group) =>
        group === 'words' ? this.#wordGroup(parts.isFinal) : this.#group(group, present, rows),
      ),
    });
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

  #columns(): readonly Stored[] {
    return [this.#at, ...this.#dictionaries, ...this.#numbers, this.#message, this.#offset, ...this.#declared.values()];
  }

  #gatherTerms(rows: Rows): void {
    const terms = this.#terms;
    this.#words.clear();
    this.#message.each(rows, (row, bytes, place) => this.#words.add(row - rows.from, bytes, place));
    this.#words.addTo(terms);
    for (const { column, values } of this.#dictionaries) {
      const field = INDEXED.get(column.field);
      if (field === undefined) continue;
      for (const value of values) {
        if (field.kind !== 'ip') terms.add(fieldTerm(field.name, value));
        else for (const term of addressTerms(field.name, value)) terms.add(term);
      }
    }
  }

  #wordGroup(isFinal: boolean): Buffer {
    this.#out.clear();
    if (isFinal) this.#words.write(this.#out);
    return Buffer.from(this.#out.bytes);
  }

  /** Its columns, each with id, encoding and length before it. */
  #group(group: Group, present: readonly Stored[], rows: Rows): Buffer {
    const out = this.#out;
    out.clear();
    const columns = present.filter(({ column }) => column.group === group);
    out.u16(columns.length);
    for (const column of columns) {
      out.u8(column.column.id);
      if (column.column.id === DECLARED) {
        out.varint(Buffer.byteLength(column.column.field));
        out.text(column.column.field);
      }
      const head = out.length;
      out.u32(0);
      out.u8(0);
      const start = out.length;
      const encoding = this.#encode(column, rows);
      out.setU32(head, out.length - start);
      out.setU8(head + 4, encoding);
    }
    return Buffer.from(out.bytes);
  }

  #encode(column: Stored, rows: Rows): Encoding {
    // Offsets of several sources come in turns; each goes on where its own was left.
    return column === this.#offset
      ? this.#offset.write(this.#out, rows, (row) => this.#source.idAt(row))
      : column.write(this.#out, rows);
  }
}

function isPresent(column: Stored, rows: Rows): boolean {
  if (column instanceof DictionaryColumn) return !column.isEmpty && column.occursIn(rows);
  return column instanceof NumberColumn ? !column.isEmpty && column.extent(rows) !== undefined : true;
}
