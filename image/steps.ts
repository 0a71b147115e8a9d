import { performance } from 'node:perf_hooks';

/** A step of a build, as the report has it. */
export interface StepTime {
  readonly name: string;
  /** Since the build began. */
  readonly startedAt: number;
  readonly seconds: number;
}

const rounded = (ms: number): number => Math.round(ms / 100) / 10;

/** Runs the steps of a build, tells each when it is done, and keeps how long it took. */
export class Steps {
  readonly times: StepTime[] = [];
  readonly #begun = performance.now();
  readonly #tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** Seconds since the build began. */
  get seconds(): number {
    return rounded(performance.now() - this.#begun);
  }

  /** @throws what the step throws, with the step's name before it */
  async run<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      const made = await work();
      const seconds = rounded(performance.now() - start);
      this.times.push({ name, startedAt: rounded(start - this.#begun), seconds });
      this.#tell(`${seconds.toFixed(1).padStart(6)} s  ${name}`);
      return made;
    } catch (thrown) {
      throw new Error(`${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
    }
  }
}
