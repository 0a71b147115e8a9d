import type { Millis } from '../../base/time.ts';
import type { Distribution } from './metric.ts';

/** Upper bounds in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof CLASSES)[number];

export interface HttpCounts {
  readonly byClass: Readonly<Record<StatusClass, number>>;
  /** Seconds from the end of a request's headers to its answer, or to the beginning of a stream. */
  readonly durations: Distribution;
}

/** Counts answers. Costs an addition or two each, since every request comes by. */
export class HttpMeter {
  readonly #byClass = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** @param took a clock that was set back makes it negative: counted as nothing */
  answered(status: number, took: Millis): void {
    const seconds = Math.max(0, took) / 1000;
    const found = BOUNDS.findIndex((bound) => seconds <= bound);
    const bucket = found < 0 ? BOUNDS.length : found;
    this.#byClass[CLASSES[Math.floor(status / 100) - 1] ?? '5xx']++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  read(): HttpCounts {
    return {
      byClass: { ...this.#byClass },
      durations: { bounds: BOUNDS, counts: [...this.#counts], sum: Math.round(this.#sum * 1000) / 1000 },
    };
  }
}
