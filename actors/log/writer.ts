import { type Logger, pino } from 'pino';
import type { Clock, LogLevel } from '../../core/base/ports.ts';
import { rfc3339 } from '../../core/base/time.ts';
import { callSite, connectedJournal, type LineOutput, standardError } from './effects.ts';
import type { EntryOutput } from './journal.ts';
import type { Origins } from './origin.ts';

export interface WriterParts {
  readonly clock: Clock;
  /** Standard error unless told. */
  readonly output?: LineOutput;
  /** Asked first. Unless told, and where no `output` is given: the journal, when standard error is connected to it. */
  readonly journal?: EntryOutput;
}

/** Brings lines out: to the journal where there is one, else to standard error. Counts what is lost. */
export class Writer {
  readonly #journal: EntryOutput | undefined;
  readonly #logger: Logger;
  readonly #origins: Origins;
  #lost = 0;
  /** Lost since a line got through last. */
  #untold = 0;

  constructor({ clock, output, journal }: WriterParts, origins: Origins) {
    this.#origins = origins;
    this.#journal = journal ?? (output === undefined ? connectedJournal() : undefined);
    const lines = output ?? standardError();
    this.#logger = pino(
      {
        level: 'debug',
        base: null,
        messageKey: 'message',
        timestamp: () => `,"time":"${rfc3339(clock.now())}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line: string) => this.#count(lines, line) },
    );
  }

  /** Lines that went nowhere. */
  get lost(): number {
    return this.#lost;
  }

  /** @param about plain */
  write(level: LogLevel, message: string, about: Readonly<Record<string, unknown>>): void {
    const whole = this.#untold > 0 ? { ...about, linesLost: this.#untold } : about;
    if (
      this.#journal?.write({
        level,
        message: `${message}${inWords(whole)}`,
        about: whole,
        site: callSite(this.#origins),
      })
    ) {
      this.#untold = 0;
    } else this.#logger[level](whole, message);
  }

  #count(output: LineOutput, line: string): void {
    if (output.write(output.isTerminal ? forPeople(line) : line)) {
      this.#untold = 0;
      return;
    }
    this.#lost++;
    this.#untold++;
  }
}

/** `12:00:00.000 WARN  message field=value …`; the date is the terminal's business. */
function forPeople(line: string): string {
  const { level, time, message, ...about } = JSON.parse(line) as Record<string, unknown>;
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${message}${inWords(about)}\n`;
}

/** ` field=value …` */
const inWords = (about: Readonly<Record<string, unknown>>): string =>
  Object.entries(about)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
