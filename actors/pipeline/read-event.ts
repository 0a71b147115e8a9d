import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Category, Event, EventOutcome, Position, Provenance } from '../../core/event/event.ts';
import { FIELD, FLAG } from '../../native/lines/port.ts';
import { KINDS, momentOf, type ReadLines } from '../segments/index.ts';

const NOT_KNOWN: unknown = undefined;

/**
 * What the parser would have made of a line that `native/lines` has read, good until the next lines are; and then of the
 * next one: whoever judges it keeps of it what it needs, and no line costs an object of its own. Fields that the line does
 * not have are there and undefined, so that what reads them is compiled once. The position is made an object, and the
 * message a text, when somebody asks for them.
 */
export class ReadEvent implements Event {
  #lines: ReadLines | undefined;
  #line = 0;
  at = NOT_KNOWN as Millis;
  provenance = NOT_KNOWN as Provenance;
  category = NOT_KNOWN as Category;
  action = NOT_KNOWN as string;
  outcome = NOT_KNOWN as EventOutcome;
  host = NOT_KNOWN as string;
  program = NOT_KNOWN as string;
  pid = NOT_KNOWN as number;
  user = NOT_KNOWN as string;
  userUnknown = NOT_KNOWN as true;
  sourceIp = NOT_KNOWN as Ip;
  sourcePort = NOT_KNOWN as number;
  targetUser = NOT_KNOWN as string;
  method = NOT_KNOWN as string;
  repeats = NOT_KNOWN as number;

  /** @returns itself as this line, until it is asked for another */
  of(lines: ReadLines, line: number): Event {
    const { rows, texts, provenance } = lines;
    const flags = rows[line + FIELD.flags] as number;
    const kind = KINDS[rows[line + FIELD.action] as number] as (typeof KINDS)[number];
    this.#lines = lines;
    this.#line = line;
    this.at = momentOf(lines, line);
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
    this.repeats = (rows[line + FIELD.repeats] || undefined) as number;
    return this;
  }

  get position(): Position {
    const { source, offset, rows } = this.#lines as ReadLines;
    return { source, offset: offset + (rows[this.#line + FIELD.start] as number) };
  }

  get message(): string {
    const { rows, messages } = this.#lines as ReadLines;
    const start = rows[this.#line + FIELD.packed] as number;
    const length = (rows[this.#line + FIELD.end] as number) - (rows[this.#line + FIELD.message] as number);
    return messages.toString('latin1', start, start + length);
  }
}

const textOf = (texts: readonly string[], number: number | undefined): string | undefined =>
  number === 0 ? undefined : texts[number as number];
