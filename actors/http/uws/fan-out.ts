import type { Clock } from '../../../core/base/ports.ts';
import { millis } from '../../../core/base/time.ts';

/** Whoever has something to write. */
export interface Writer {
  /** Writes what waits. */
  flush(): void;
}

/** Writers served between two looks at everything else: 1 to 2 ms of TLS records and system calls. */
const SLICE = 64;

/** Pause per writer between two rounds: with 5,000 writers a round begins every 250 ms and takes some 80 ms. */
const PAUSE_PER_WRITER_MS = 0.05;

/**
 * Lets many writers have their turn without holding anybody else up. What is written to one while it waits for its turn
 * goes out as one piece, so the more there are, the fewer and larger the pieces get.
 */
export class FanOut {
  readonly #clock: Clock;
  #waiting = new Set<Writer>();
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives a writer a turn soon. Doing so again before it has had it changes nothing. */
  schedule(writer: Writer): void {
    this.#waiting.add(writer);
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => this.#round());
  }

  /** The writer wants no turn any more. */
  drop(writer: Writer): void {
    this.#waiting.delete(writer);
  }

  #round(): void {
    const round = this.#waiting;
    this.#waiting = new Set();
    const pause = Math.floor(round.size * PAUSE_PER_WRITER_MS);
    this.#slices(round.values(), () => {
      if (pause > 0) this.#clock.after(millis(pause), () => this.#next());
      else this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.size > 0) this.#round();
    else this.#isRunning = false;
  }

  #slices(writers: Iterator<Writer>, done: () => void): void {
    for (let i = 0; i < SLICE; i++) {
      const next = writers.next();
      if (next.done === true) {
        done();
        return;
      }
      next.value.flush();
    }
    setImmediate(() => this.#slices(writers, done));
  }
}
