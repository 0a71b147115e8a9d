import { pino } from 'pino';
import type { Clock, Log, LogLevel } from '../../core/base/ports.ts';
import { rfc3339 } from '../../core/base/time.ts';
import { type LineOutput, standardError } from './effects.ts';
import { plain } from './plain.ts';

export type { LineOutput } from './effects.ts';

export interface LogOptions {
  readonly clock: Clock;
  /** Lines below it are not made. */
  readonly level: LogLevel;
  /** Names of fields whose values are secret, at any depth, whatever the case; beside the ones that always are. */
  readonly secrets?: readonly string[];
  /** Standard error unless told. */
  readonly output?: LineOutput;
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
 * The `Log` port: JSON lines, or short lines for people on a terminal. A line is written when `log` returns, without
 * worker threads. Never throws, whatever it is given and whoever has closed the other end. Lines that were lost are told
 * with the next one that gets through.
 */
export function createLog({ clock, level, secrets = [], output = standardError() }: LogOptions): AdjustableLog {
  const secretNames = new Set([...ALWAYS_SECRET, ...secrets].map((name) => name.toLowerCase()));
  const isSecret = (key: string): boolean => secretNames.has(key.toLowerCase());
  let lost = 0;
  let untold = 0;
  const write = (line: string): void => {
    if (output.write(line)) {
      untold = 0;
      return;
    }
    lost++;
    untold++;
  };
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${rfc3339(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: output.isTerminal ? (line: string) => write(forPeople(line)) : write },
  );
  const log: Log = (at, message, about = {}) => {
    if (!logger.isLevelEnabled(at)) return;
    try {
      const more = untold > 0 ? { linesLost: untold } : {};
      logger[at]({ ...unreserved(plain(about, isSecret) as object), ...more }, String(plain(message, isSecret)));
    } catch (thrown) {
      logger.error({ message: String(message) }, `a log line could not be made: ${String(thrown)}`);
    }
  };
  return {
    log,
    setLevel: (next) => {
      logger.level = next;
    },
    lost: () => lost,
  };
}

/** The line's own fields are not to be written twice. */
const RESERVED = ['level', 'time', 'message'];

const unreserved = (about: object): object =>
  Object.fromEntries(Object.entries(about).map(([key, value]) => [RESERVED.includes(key) ? `_${key}` : key, value]));

/** `12:00:00.000 WARN  message field=value …`; the date is the terminal's business. */
function forPeople(line: string): string {
  const { level, time, message, ...about } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(about).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${message}${fields.join('')}\n`;
}
