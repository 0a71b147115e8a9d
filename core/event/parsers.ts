import type { Parser } from './event.ts';
import { createSshdParser } from './sshd.ts';
import type { ZoneOffset } from './syslog-time.ts';

export interface ParserSettings {
  /** The zone of lines that name none (RFC 3164). */
  readonly zone: ZoneOffset;
}

export interface ParserInfo {
  /** What it reads, one line, for the documentation and for `config-check`. */
  readonly description: string;
  readonly create: (settings: ParserSettings) => Parser;
}

/** Every parser there is, by the name that the configuration's `parser:` takes. */
export const PARSERS = {
  sshd: {
    description: 'OpenSSH server log in syslog form (RFC 3164, RFC 5424 or with RFC 3339 time)',
    create: ({ zone }) => createSshdParser(zone),
  },
} as const satisfies Readonly<Record<string, ParserInfo>>;

export type ParserName = keyof typeof PARSERS;

export const PARSER_NAMES = Object.keys(PARSERS) as readonly ParserName[];

export const isParserName = (name: string): name is ParserName => Object.hasOwn(PARSERS, name);

/** One of each, by name. */
export const createParsers = (settings: ParserSettings): ReadonlyMap<string, Parser> =>
  new Map(PARSER_NAMES.map((name) => [name, PARSERS[name].create(settings)]));
