import type { Log, LogLevel } from '../../core/base/ports.ts';
import { Origins, stackInSources } from './origin.ts';
import { type PlainParts, plain } from './plain.ts';
import { Repeats } from './repeats.ts';
import { Writer, type WriterParts } from './writer.ts';

export type { LineOutput } from './effects.ts';
export { type EntryOutput, JOURNAL_SOCKET, journalOutput } from './journal.ts';
export { type EntryOrigin, isOwnEntry, type OwnOrigin } from './own-entry.ts';
export { LogTail } from './tail.ts';

export interface LogOptions extends WriterParts {
  /** Lines below it are not made. */
  readonly level: LogLevel;
  /** Names of fields whose values are secret, at any depth, whatever the case; beside the ones that always are. */
  readonly secrets?: readonly string[];
}

/** A log whose level can be changed while the program runs. */
export interface AdjustableLog {
  readonly log: Log;
  setLevel(level: LogLevel): void;
  /** Lines that could not be written. */
  lost(): number;
}

/** Secret under whatever configuration. */
const ALWAYS_SECRET = [
  'authorization',
  'cookie',
  'set-cookie',
  'csrf',
  'password',
  'passphrase',
  'secret',
  'token',
  'private_key',
];

/**
 * The `Log` port. Under systemd lines go to the journal, with every field of what they are about; else to standard error,
 * as JSON or, on a terminal, as short lines for people. What the journal does not take goes to standard error. A line is
 * written when `log` returns, without worker threads. Never throws, whatever it is given and whoever has closed the other
 * end. Lines that were lost are told with the next one that gets through. A message that repeats without end (see
 * `BURST`) is suppressed, and how often is told.
 */
export function createLog(options: LogOptions): AdjustableLog {
  const { clock, secrets = [] } = options;
  const secretNames = new Set([...ALWAYS_SECRET, ...secrets].map((name) => name.toLowerCase()));
  const origins = new Origins();
  const parts: PlainParts = {
    isSecret: (key) => secretNames.has(key.toLowerCase()),
    stackText: (stack) => stackInSources(stack, origins),
  };
  const repeats = new Repeats(clock);
  const writer = new Writer(options, origins);
  let level = options.level;
  const write = (at: LogLevel, message: string, about: Readonly<Record<string, unknown>>): void => {
    try {
      writer.write(at, String(plain(message, parts)), unreserved(plain(about, parts) as object));
    } catch (thrown) {
      writer.write('error', `a log line could not be made: ${String(thrown)}`, { _message: String(message) });
    }
  };
  const log: Log = (at, message, about = {}) => {
    if (RANK[at] < RANK[level]) return;
    for (const { times, ...one } of repeats.takeDue()) write(one.level, one.message, { suppressed: times });
    if (repeats.admits(at, message)) write(at, message, about);
  };
  return {
    log,
    setLevel: (next) => {
      level = next;
    },
    lost: () => writer.lost,
  };
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** The line's own fields are not to be written twice. */
const RESERVED = ['level', 'time', 'message'];

const unreserved = (about: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(about).map(([key, value]) => [RESERVED.includes(key) ? `_${key}` : key, value]));
