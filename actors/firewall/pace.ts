import { type Millis, millis, seconds } from '../../core/base/time.ts';

/** What is looked back on. */
const WINDOW: Millis = seconds(10);
/** Repairs in a window, and the time they took, that are done without a pause. */
const MOST_REPAIRS = 20;
const MOST_TIME: Millis = seconds(3);
const FIRST_PAUSE: Millis = millis(250);
const LONGEST_PAUSE: Millis = seconds(10);
/** After so long without a pause the next one is a first one again. */
const FORGIVEN: Millis = seconds(30);

/**
 * How fast damage is repaired when somebody makes it again and again: at once while that is rare, with growing pauses when
 * it is not, so that neither of the two programs keeps the machine busy.
 */
export class Pace {
  /** The latest repairs: when each ended and how long it took. */
  #repairs: { readonly at: Millis; readonly took: Millis }[] = [];
  #level = 0;
  /** End of the latest pause. */
  #pausedUntil = 0;

  /** A repair is over, well or not. */
  repaired(began: Millis, now: Millis): void {
    this.#repairs.push({ at: now, took: millis(Math.max(0, now - began)) });
  }

  /** Whether the next one has to wait. */
  isOver(now: Millis): boolean {
    // A wall clock that was set back would keep them for ever.
    this.#repairs = this.#repairs.filter(({ at }) => at > now - WINDOW && at <= now);
    if (now < this.#pausedUntil + FORGIVEN && this.#level > 0) return this.#repairs.length > 0;
    return this.#repairs.length >= MOST_REPAIRS || this.#timeSpent() >= MOST_TIME;
  }

  /** How long the next one waits; called once a pause. */
  pause(now: Millis): Millis {
    if (now >= this.#pausedUntil + FORGIVEN) this.#level = 0;
    const length = millis(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#level));
    this.#level++;
    this.#pausedUntil = now + length;
    return length;
  }

  #timeSpent(): number {
    return this.#repairs.reduce((sum, { took }) => sum + took, 0);
  }
}
