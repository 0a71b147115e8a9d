import type { Clock, Log, LogLevel } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';

/** One line as it was logged. */
interface Line {
  readonly at: Millis;
  readonly level: LogLevel;
  readonly message: string;
  readonly about?: Readonly<Record<string, unknown>>;
}

/** Characters of what is kept. */
const MOST = 512 * 1024;

/** The program's last lines, for a diagnostics bundle: bounded, and gone with the process. */
export class LogTail {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #lines: { readonly at: Millis; readonly text: string }[] = [];
  #length = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Logs as before, and keeps it. */
  beside(log: Log): Log {
    return (level, message, about) => {
      log(level, message, about);
      if (level !== 'debug')
        this.#keep({ at: this.#clock.now(), level, message, ...(about === undefined ? {} : { about }) });
    };
  }

  /** JSON lines since then, as far as they are kept. */
  since(from: Millis): string {
    return this.#lines
      .filter(({ at }) => at >= from)
      .map(({ text }) => `${text}\n`)
      .join('');
  }

  #keep(line: Line): void {
    const text = JSON.stringify(line).slice(0, 4096);
    this.#lines.push({ at: line.at, text });
    this.#length += text.length;
    while (this.#length > MOST) this.#length -= this.#lines.shift()?.text.length ?? this.#length;
  }
}
