import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Category, Event, EventOutcome, Position, Provenance } from '../../core/event/event.ts';
import { FIELD, FLAG } from '../../native/lines/port.ts';
import { KINDS, momentOf, type ReadLines } from '../segments/index.ts';

/** What the parser would have made of a line that `native/lines` has read; good until the next lines are. */
export const eventOf = (lines: ReadLines, line: number): Event => new ReadEvent(lines, line);

/**
 * Fields that the line does not have are there and undefined, so that all of them are one kind of object: what reads their fields
 * is compiled once. The message is made a text when somebody asks for it, which no check does.
 */
class ReadEvent implements Event {
  readonly #lines: ReadLines;
  readonly #line: number;
  declare readonly at: Millis;
  declare readonly position: Position;
  declare readonly provenance: Provenance;
  declare readonly category: Category;
  declare readonly action: string;
  declare readonly outcome: EventOutcome;
  declare readonly host: string;
  declare readonly program: string;
  declare readonly pid?: number;
  declare readonly user?: string;
  declare readonly userUnknown?: true;
  declare readonly sourceIp?: Ip;
  declare readonly sourcePort?: number;
  declare readonly targetUser?: string;
  declare readonly method?: string;

  constructor(lines: ReadLines, line: number) {
    const { rows, texts, offset, source, provenance } = lines;
    const flags = rows[line + FIELD.flags] as number;
    const kind = KINDS[rows[line + FIELD.action] as number] as (typeof KINDS)[number];
    this.#lines = lines;
    this.#line = line;
    this.at = momentOf(lines, line);
    this.position = { source, offset: offset + (rows[line + FIELD.start] as number) };
    this.provenance = provenance;
    this.category = kind.category;
    this.action = kind.action;
    this.outcome = kind.outcome;
    this.host = texts[rows[line + FIELD.host] as number] as string;
    this.program = texts[rows[line + FIELD.program] as number] as string;
    this.pid = ((flags & FLAG.noPid) === 0 ? rows[line + FIELD.pid] : undefined) as number;
    this.user = textOf(texts, rows[line + FIELD.user]) as string;
    this.userUnknown = ((flags & FLAG.userUnknown) !== 0 || undefined) as true;
    this.targetUser = textOf(texts, rows[line + FIELD.target]) as string;
    this.sourceIp = textOf(texts, rows[line + FIELD.address]) as Ip;
    this.sourcePort = (rows[line + FIELD.port] || undefined) as number;
    this.method = textOf(texts, rows[line + FIELD.method]) as string;
  }

  get message(): string {
    const { rows, messages } = this.#lines;
    const start = rows[this.#line + FIELD.packed] as number;
    const length = (rows[this.#line + FIELD.end] as number) - (rows[this.#line + FIELD.message] as number);
    return messages.toString('latin1', start, start + length);
  }
}

const textOf = (texts: readonly string[], number: number | undefined): string | undefined =>
  number === 0 ? undefined : texts[number as number];
