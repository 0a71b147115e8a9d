import type { Clock } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';

/** A clock that moves only when told to; timers fire in order of their moment, ties in order of their making. */
export class SimulatedClock implements Clock {
  #now: number;
  #made = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly run: () => void }>();

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): Millis {
    return this.#now as Millis;
  }

  after(delay: Millis, run: () => void): () => void {
    const made = this.#made++;
    this.#timers.set(made, { at: this.#now + Math.max(0, delay), run });
    return () => this.#timers.delete(made);
  }

  /** Sets the wall clock, as a person or NTP would: timers run on, no matter what it shows. */
  set(moment: number): void {
    const step = moment - this.#now;
    this.#now = moment;
    for (const [made, { at, run }] of this.#timers) this.#timers.set(made, { at: at + step, run });
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on, firing what falls due on the way, timers set by timers included. */
  advance(length: number): void {
    const end = this.#now + length;
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = end;
  }
}
