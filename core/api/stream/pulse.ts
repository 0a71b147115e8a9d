import type { Clock } from '../../base/ports.ts';
import { type Millis, millis } from '../../base/time.ts';
import { Slices } from './slices.ts';

/** Parts into which the interval is divided; every member beats in one of them. */
const PARTS = 25;

type Beat = () => void;

/** Calls each of many once an interval, or a little more where they are thousands. No timer runs while there is nobody. */
export class Pulse {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #step: Millis;
  readonly #slices: Slices;
  readonly #parts: readonly Set<Beat>[] = Array.from({ length: PARTS }, () => new Set<Beat>());
  #now = 0;
  #size = 0;
  #cancel = () => {};

  constructor(clock: Pick<Clock, 'after'>, interval: Millis) {
    this.#clock = clock;
    this.#step = millis(interval / PARTS);
    this.#slices = new Slices(clock);
  }

  /** `beat` is called within one interval for the first time, then once in each, until `signal` aborts. */
  add(beat: Beat, signal: AbortSignal): void {
    if (signal.aborted) return;
    const part = this.#emptiest();
    part.add(beat);
    if (++this.#size === 1) this.#wait();
    const leave = () => {
      part.delete(beat);
      if (--this.#size > 0) return;
      this.#cancel();
      this.#slices.cancel();
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  /** Of those with the fewest members the one whose turn is furthest off. */
  #emptiest(): Set<Beat> {
    const byDistance = [...this.#parts.slice(this.#now + 1), ...this.#parts.slice(0, this.#now + 1)];
    return byDistance.reduce((best, part) => (part.size <= best.size ? part : best));
  }

  #wait(): void {
    this.#cancel = this.#clock.after(this.#step, () => {
      this.#now = (this.#now + 1) % PARTS;
      this.#slices.run({
        things: this.#parts[this.#now] ?? [],
        visit: (beat) => {
          beat();
          return 0;
        },
        done: () => {
          if (this.#size > 0) this.#wait();
        },
      });
    });
  }
}
