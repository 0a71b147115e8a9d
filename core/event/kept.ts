import type { Millis } from '../base/time.ts';
import type { Event, Position, Provenance, RawLine, UnparsedReason } from './event.ts';

/** Name of the directory in the state directory where every line is kept. */
export const EVENTS_DIRECTORY = 'events';

/** A line that gave no event, kept as it came so that it can be searched. */
export interface UnparsedLine {
  readonly unparsed: UnparsedReason;
  /**
   * Nobody read a time in it. As the source's header says, else the moment of the event before it in the same source,
   * else when the line was received.
   */
  readonly at: Millis;
  readonly position: Position;
  readonly provenance: Provenance;
  readonly host?: string;
  readonly program?: string;
  readonly pid?: number;
  /** The whole line; empty when it was binary or too long to be read. */
  readonly message: string;
}

/** What is kept of every line. */
export type KeptLine = Event | UnparsedLine;

export const isUnparsed = (line: KeptLine): line is UnparsedLine => 'unparsed' in line;

/** @param before the moment of the event before it, where that is at hand */
export function unparsedLine(line: RawLine, reason: UnparsedReason, before?: Millis): UnparsedLine {
  const { header, position, provenance } = line;
  return {
    unparsed: reason,
    at: header?.at ?? before ?? line.receivedAt,
    position,
    provenance,
    ...(header?.host === undefined ? {} : { host: header.host }),
    ...(header?.program === undefined ? {} : { program: header.program }),
    ...(header?.pid === undefined ? {} : { pid: header.pid }),
    message: line.text,
  };
}
