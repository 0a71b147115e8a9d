import type { Clock } from '../../base/ports.ts';
import { type Millis, millis } from '../../base/time.ts';

/** How much is done in one go, whichever is reached first. 100 writes over TLS take about 5 ms. */
const SLICE_VISITS = 100;
const SLICE_BYTES = 1024 * 1024;
/** Left to everybody else between two slices. */
const PAUSE: Millis = millis(5);

export interface Errand<V> {
  readonly things: Iterable<V>;
  /** @returns the bytes it wrote */
  readonly visit: (thing: V) => number;
  /** Called after the last visit, unless it was cancelled. */
  readonly done: () => void;
}

/** Visits many things in slices, so that the event loop is never held for long however many there are. */
export class Slices {
  readonly #clock: Pick<Clock, 'after'>;
  #cancel = () => {};

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** The first slice at once. One errand at a time: the caller starts the next when this one is done or cancelled. */
  run<V>({ things, visit, done }: Errand<V>): void {
    const left = things[Symbol.iterator]();
    const slice = () => {
      for (let visits = 0, bytes = 0; visits < SLICE_VISITS && bytes < SLICE_BYTES; visits++) {
        const next = left.next();
        if (next.done === true) return done();
        bytes += visit(next.value);
      }
      this.#cancel = this.#clock.after(PAUSE, slice);
    };
    slice();
  }

  cancel(): void {
    this.#cancel();
  }
}
