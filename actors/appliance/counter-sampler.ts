import type { FirewallCounters } from '../../core/api/firewall-counters.ts';
import type { Clock } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import { CounterHistory, type CounterReading, SAMPLE } from '../../core/respond/counter-history.ts';
import type { Service } from '../supervisor/index.ts';

export interface SamplerDeps {
  /** What every counter stands at; none while the kernel is not touched or does not tell. */
  readonly read: () => Promise<readonly CounterReading[]>;
  readonly clock: Clock;
}

/** Reads the firewall's counters every ten seconds and keeps what they counted over the last day, in memory. */
export class CounterSampler implements Service, FirewallCounters {
  readonly id = 'counters';
  readonly #deps: SamplerDeps;
  readonly #history = new CounterHistory();
  #stop: () => void = () => {};
  #run = 0;

  constructor(deps: SamplerDeps) {
    this.#deps = deps;
  }

  async start(crash: (cause: unknown) => void): Promise<void> {
    this.#sample(++this.#run, crash);
  }

  async stop(): Promise<void> {
    this.#run++;
    this.#stop();
  }

  since(from: Millis) {
    return this.#history.since(from, this.#deps.clock.now());
  }

  /** A kernel that is slow to answer is asked again only after it did. */
  #sample(run: number, crash: (cause: unknown) => void): void {
    const { read, clock } = this.#deps;
    read()
      .then((readings) => {
        if (run !== this.#run) return;
        this.#history.take(readings, clock.now());
        this.#stop = clock.after(SAMPLE, () => this.#sample(run, crash));
      })
      .catch((cause: unknown) => {
        if (run === this.#run) crash(cause);
      });
  }
}
