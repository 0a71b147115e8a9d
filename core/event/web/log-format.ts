import { fail, ok, type Result } from '../../base/result.ts';
import type { TimeReader } from '../time-format.ts';

/** What a variable's value becomes in the event. `field`: one of the event's `fields`, under the variable's name. */
export type Meaning =
  | 'source-ip'
  | 'source-port'
  | 'user'
  | 'time'
  | 'request'
  | 'method'
  | 'target'
  | 'path'
  | 'query'
  | 'status'
  | 'bytes'
  | 'referrer'
  | 'user-agent'
  | 'host'
  | 'destination-ip'
  | 'destination-port'
  | 'field'
  | 'nothing';

/**
 * How far a value can reach. `word`: it has no blank. `list`: words joined by `, ` or ` : `, as nginx writes several
 * upstreams. `clock`: as long as its time format. `text`: it may hold anything but a quote that is not escaped, the
 * client's words among it.
 */
export type Extent = 'word' | 'list' | 'text' | 'clock';

export interface Variable {
  /** As it stands in the format: `$remote_addr`, `%{Referer}i`. */
  readonly written: string;
  /** What it is called in `fields`. */
  readonly name: string;
  readonly meaning: Meaning;
  readonly extent: Extent;
  readonly time?: TimeReader;
}

export type FormatItem = { readonly literal: string } | Variable;

/** How a web server hides quotes within a value. */
export type Escaping = 'nginx' | 'json' | 'apache';

export interface LogFormat {
  readonly items: readonly FormatItem[];
  readonly escaping: Escaping;
  /** The server that writes it: the event's program where nothing else says. */
  readonly program: string;
}

export const isLiteral = (item: FormatItem): item is { readonly literal: string } => 'literal' in item;

export const badFormat = (why: string) => fail('bad_format', why);

export type FormatResult = Result<LogFormat, 'bad_format'>;

/** Joins neighbouring literals and checks what every format must name. */
export function finished(format: LogFormat): FormatResult {
  const items: FormatItem[] = [];
  for (const item of format.items) {
    const last = items.at(-1);
    if (isLiteral(item) && last !== undefined && isLiteral(last)) {
      items[items.length - 1] = { literal: last.literal + item.literal };
    } else items.push(item);
  }
  const means = (meaning: Meaning): boolean => items.some((item) => !isLiteral(item) && item.meaning === meaning);
  const [address, time] =
    format.program === 'nginx' ? ['$remote_addr', '$time_local, $time_iso8601 or $msec'] : ['%a or %h', '%t'];
  if (!means('source-ip')) return badFormat(`names no client address; put ${address} into it`);
  if (!means('time')) return badFormat(`names no time; put ${time} into it`);
  return ok({ ...format, items });
}
