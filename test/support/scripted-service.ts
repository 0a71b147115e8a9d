import type { Service } from '../../actors/supervisor/index.ts';

type Behaviour = 'works' | 'fails' | 'hangs';

/** A service that does as told, writes down what happens to it, and breaks the test when start and stop overlap. */
export class ScriptedService implements Service {
  readonly id: string;
  readonly #journal: string[];
  starting: Behaviour = 'works';
  stopping: Behaviour = 'works';
  /** Ends a start or stop that hangs. */
  release: () => void = () => {};
  #crashes: ((cause: unknown) => void)[] = [];
  #busy = false;
  overlaps = 0;

  constructor(id: string, journal: string[]) {
    this.id = id;
    this.#journal = journal;
  }

  async start(crash: (cause: unknown) => void): Promise<void> {
    this.#crashes.push(crash);
    await this.#do('start', this.starting);
  }

  async stop(): Promise<void> {
    await this.#do('stop', this.stopping);
  }

  /** Reports a crash of the run that many starts ago; 0 is the present one. */
  crash(cause: unknown = 'broken', ago = 0): void {
    this.#crashes.at(-1 - ago)?.(cause);
  }

  async #do(what: 'start' | 'stop', behaviour: Behaviour): Promise<void> {
    this.#journal.push(`${what} ${this.id}`);
    if (this.#busy) this.overlaps++;
    this.#busy = true;
    try {
      if (behaviour === 'hangs') await new Promise<void>((resolve) => Object.assign(this, { release: resolve }));
      else await Promise.resolve();
      if (behaviour === 'fails') throw new Error(`${this.id} cannot ${what}`);
    } finally {
      this.#busy = false;
    }
  }
}
