import type { LogLevel } from '../../core/base/ports.ts';

/** syslog severities. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** syslog facility `daemon`. */
const FACILITY = 3;

/** What our entries call themselves, see `isOwnEntry`. */
export const IDENTIFIER = 'bartizan';

/** Where in the program a line was logged. */
export interface CallSite {
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

export interface JournalLine {
  readonly level: LogLevel;
  /** With what it is about, for people: the one thing `journalctl` shows. */
  readonly message: string;
  /** Plain and free of secrets. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly site: CallSite | undefined;
}

/** Longest name of a field that journald takes. */
const NAME_LIMIT = 64;
const PREFIX = 'BARTIZAN_';

/**
 * One entry in the journal's native protocol: `NAME=value` lines, or for a value with a line end its name, its length as a
 * 64-bit little-endian number, and its bytes. What the line is about stands in fields of its own, `linesLost` as
 * `BARTIZAN_LINES_LOST`, anything but text as JSON.
 * @param most characters of a value of ours; what is cut off is said, in the value and in `BARTIZAN_TRUNCATED`
 */
export function encodeEntry({ level, message, about, site }: JournalLine, most: number): Uint8Array {
  let truncated = 0;
  const cut = (text: string): string => {
    if (text.length <= most) return text;
    truncated++;
    return `${text.slice(0, most)}… (${text.length - most} more characters were cut off)`;
  };
  const fields: [string, string][] = [
    ['MESSAGE', cut(message)],
    ['PRIORITY', String(PRIORITY[level])],
    ['SYSLOG_FACILITY', String(FACILITY)],
    ['SYSLOG_IDENTIFIER', IDENTIFIER],
  ];
  if (site !== undefined) {
    fields.push(['CODE_FILE', site.file], ['CODE_LINE', String(site.line)], ['CODE_FUNC', site.function]);
  }
  for (const [key, value] of Object.entries(about)) {
    if (value !== undefined) fields.push([fieldName(key), cut(typeof value === 'string' ? value : jsonOf(value))]);
  }
  if (truncated > 0) fields.push([`${PREFIX}TRUNCATED`, String(truncated)]);
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
}

/** Upper-case letters, digits and `_`; the prefix keeps them apart from names that mean something to journald. */
export function fieldName(key: string): string {
  const words = key.replace(/([a-z\d])([A-Z])/g, '$1_$2').toUpperCase();
  return `${PREFIX}${words.replace(/[^A-Z\d]+/g, '_')}`.slice(0, NAME_LIMIT);
}

const jsonOf = (value: unknown): string => JSON.stringify(value) ?? String(value);

function encodeField(name: string, value: string): Uint8Array {
  const bytes = Buffer.from(value);
  if (!bytes.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}
