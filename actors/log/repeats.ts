import type { Clock, LogLevel } from '../../core/base/ports.ts';
import { type Millis, seconds } from '../../core/base/time.ts';

/** How often a message may be written in a window: a loop that logs must not fill a disk, a busy minute not go dark. */
export const BURST = 100;
export const WINDOW: Millis = seconds(10);

/** Messages are constants of the program, so there are few. */
const MOST_MESSAGES = 1000;

/** A message that was not written, and how many times. */
export interface Suppressed {
  readonly level: LogLevel;
  readonly message: string;
  readonly times: number;
}

interface Count {
  readonly level: LogLevel;
  readonly message: string;
  readonly since: Millis;
  written: number;
  suppressed: number;
}

/**
 * Counts messages by their constant text, whatever they are about. No timer: what was suppressed is told by whatever is
 * logged first after its window.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();
  /** Messages of which something was suppressed. */
  #untold = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was suppressed in windows that are over; each is told once. To be asked before `admits`. */
  takeDue(): readonly Suppressed[] {
    if (this.#untold === 0) return [];
    const now = this.#clock.now();
    const due = [...this.#counts].filter(([, count]) => count.suppressed > 0 && isOver(count, now));
    this.#untold -= due.length;
    for (const [key] of due) this.#counts.delete(key);
    return due.map(([, { level, message, suppressed }]) => ({ level, message, times: suppressed }));
  }

  /** Whether a message may be written now. */
  admits(level: LogLevel, message: string): boolean {
    const count = this.#countOf(level, message);
    if (count.written < BURST) {
      count.written++;
      return true;
    }
    if (count.suppressed++ === 0) this.#untold++;
    return false;
  }

  #countOf(level: LogLevel, message: string): Count {
    const key = `${level} ${message}`;
    const now = this.#clock.now();
    const known = this.#counts.get(key);
    if (known !== undefined && !isOver(known, now)) return known;
    this.#forget(key);
    const eldest = this.#counts.keys().next();
    if (this.#counts.size >= MOST_MESSAGES && eldest.done !== true) this.#forget(eldest.value);
    const count = { level, message, since: now, written: 0, suppressed: 0 };
    this.#counts.set(key, count);
    return count;
  }

  #forget(key: string): void {
    if ((this.#counts.get(key)?.suppressed ?? 0) > 0) this.#untold--;
    this.#counts.delete(key);
  }
}

/** A clock that was set back ends a window too. */
const isOver = ({ since }: Count, now: Millis): boolean => now - since >= WINDOW || now < since;
