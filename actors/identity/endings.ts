import type { Clock } from '../../core/base/ports.ts';
import { seconds } from '../../core/base/time.ts';

/** How often credentials that somebody watches are looked at: ends by time are known this late at most. */
export const SWEEP = seconds(10);

/** Tells those who act on a credential for longer than a request when it ends. Costs nothing while nobody watches. */
export class Endings {
  readonly #clock: Clock;
  readonly #isAlive: (id: string) => boolean;
  readonly #watchers = new Map<string, Set<() => void>>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, isAlive: (id: string) => boolean) {
    this.#clock = clock;
    this.#isAlive = isAlive;
  }

  /** Calls `ended` once when the credential with this public id ends, at once when it has. Returns the unsubscriber. */
  watch(id: string, ended: () => void): () => void {
    if (!this.#isAlive(id)) {
      ended();
      return () => {};
    }
    // A function of its own: one that is handed in twice counts twice.
    const tell = () => ended();
    const known = this.#watchers.get(id);
    if (known === undefined) this.#watchers.set(id, new Set([tell]));
    else known.add(tell);
    this.#cancel ??= this.#clock.after(SWEEP, () => this.#sweep());
    return () => this.#leave(id, tell);
  }

  /** The credential ended just now. */
  end(id: string): void {
    const watchers = this.#watchers.get(id);
    this.#watchers.delete(id);
    this.#restIfIdle();
    for (const tell of watchers ?? []) tell();
  }

  stop(): void {
    this.#watchers.clear();
    this.#restIfIdle();
  }

  #leave(id: string, tell: () => void): void {
    const watchers = this.#watchers.get(id);
    watchers?.delete(tell);
    if (watchers?.size === 0) this.#watchers.delete(id);
    this.#restIfIdle();
  }

  #sweep(): void {
    this.#cancel = this.#clock.after(SWEEP, () => this.#sweep());
    for (const id of [...this.#watchers.keys()]) if (!this.#isAlive(id)) this.end(id);
  }

  #restIfIdle(): void {
    if (this.#watchers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
