import { canonicalIp } from '../../base/ip.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import { type Fields, portOf, setName, setPeer } from '../fields.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import type { HttpAction } from './http-actions.ts';
import { compileScanner, type LineScanner, type LineSink, type ScannerOptions } from './line-scanner.ts';
import { type Escaping, isLiteral, type LogFormat, type Variable } from './log-format.ts';
import { actionOf, numberOf, type Request, readRequestLine, readTarget } from './request.ts';
import { unescapeValue } from './unescape.ts';

/** A line of an access log, read. */
export interface AccessLine {
  readonly action: HttpAction;
  readonly fields: Fields;
  /** NaN when the time names no moment. */
  readonly at: number;
}

/** @returns undefined when the line has not the format */
export type AccessReader = (line: string, receivedAt: Millis, zone: ZoneOffset) => AccessLine | undefined;

/** Compiles a format into a reader of its lines. */
export function compileAccessReader(
  format: LogFormat,
  options: ScannerOptions = {},
): Result<AccessReader, 'bad_format'> {
  const scanner = compileScanner(format, options);
  return scanner.ok ? ok(readerOf(format, scanner.value)) : scanner;
}

function readerOf(format: LogFormat, scan: LineScanner): AccessReader {
  const variables = format.items.map((item) => (isLiteral(item) ? undefined : item));
  return (line, receivedAt, zone) => {
    const found = new Found(variables, format.escaping);
    if (!scan(line, receivedAt, zone, found)) return undefined;
    return found.finish();
  };
}

/** Collects one line's values. */
class Found implements LineSink {
  readonly #variables: readonly (Variable | undefined)[];
  readonly #escaping: Escaping;
  readonly #request: Request = {};
  readonly #fields: Fields = { isCut: false };
  #others: Record<string, string> | undefined;
  #isMalformed = false;
  #at = Number.NaN;

  constructor(variables: readonly (Variable | undefined)[], escaping: Escaping) {
    this.#variables = variables;
    this.#escaping = escaping;
  }

  time(at: number): void {
    this.#at = at;
  }

  text(number: number, text: string): void {
    const variable = this.#variables[number];
    if (variable === undefined || text === '-' || text === '') return;
    this.#take(variable, text);
  }

  finish(): AccessLine {
    const fields = this.#fields;
    fields.http = this.#request;
    if (this.#others !== undefined) fields.fields = this.#others;
    const action = actionOf(this.#request.status, fields.user !== undefined, this.#isMalformed);
    return { action, fields, at: this.#at };
  }

  #take({ meaning, name }: Variable, text: string): void {
    switch (meaning) {
      case 'source-ip':
        // Where a format names several, the first that is an address counts: `%a` and `%h` say the same.
        if (this.#fields.sourceIp === undefined) setPeer(text, undefined, this.#fields);
        break;
      case 'source-port':
        this.#port('sourcePort', text);
        break;
      case 'destination-port':
        this.#port('destinationPort', text);
        break;
      case 'destination-ip':
        this.#destination(canonicalIp(text));
        break;
      case 'user':
        setName(this.#plain(text), this.#fields);
        break;
      case 'request':
        this.#isMalformed = !readRequestLine(this.#plain(text), this.#request);
        break;
      case 'target':
        readTarget(this.#plain(text), this.#request);
        break;
      case 'query':
        this.#query(this.#plain(text));
        break;
      case 'status':
      case 'bytes':
        this.#number(meaning, text);
        break;
      case 'field':
        this.#others ??= {};
        this.#others[name] = this.#plain(text);
        break;
      case 'time':
      case 'nothing':
        break;
      default:
        this.#request[HTTP_FIELDS[meaning]] = this.#plain(text);
    }
  }

  #plain(text: string): string {
    return unescapeValue(text, this.#escaping);
  }

  #port(name: 'sourcePort' | 'destinationPort', text: string): void {
    const port = portOf(text);
    if (port !== undefined && port > 0 && port <= 65_535) this.#fields[name] = port;
  }

  #destination(ip: Fields['destinationIp']): void {
    if (ip !== undefined) this.#fields.destinationIp = ip;
  }

  /** Apache writes the mark with it. */
  #query(text: string): void {
    const query = text.startsWith('?') ? text.slice(1) : text;
    if (query !== '') this.#request.query = query;
  }

  #number(name: 'status' | 'bytes', text: string): void {
    const value = numberOf(text);
    if (value !== undefined) this.#request[name] = value;
  }
}

const HTTP_FIELDS = {
  method: 'method',
  path: 'path',
  referrer: 'referrer',
  'user-agent': 'userAgent',
  host: 'host',
} as const;
