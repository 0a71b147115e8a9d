import type { Clock } from '../../../core/base/ports.ts';
import type { Millis } from '../../../core/base/time.ts';

/** How a process ends at a boundary: before the step, or, where it writes bytes, after a part of them. */
export type Cut = 'before' | 'torn';

/** A process as far as its effects go: counted steps, each of which may be its last. Once dead, nothing of it happens any more. */
export class Life {
  #isDead = false;
  /** What was done, in order. */
  readonly steps: string[] = [];
  readonly died: Promise<void>;
  readonly #die: () => void;
  readonly #crashAt: number;
  readonly #cut: Cut;

  /** @param crashAt the step that does not happen, from 0 */
  constructor(crashAt = Number.POSITIVE_INFINITY, cut: Cut = 'before') {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
    this.#crashAt = crashAt;
    this.#cut = cut;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
    this.#die();
  }

  /** Something that outlives the process. Never resolves once it is dead. */
  async step<V>(name: string, work: () => V | Promise<V>, torn?: () => void): Promise<V> {
    await Promise.resolve();
    if (!this.#isDead && this.steps.length === this.#crashAt) {
      if (this.#cut === 'torn') torn?.();
      this.kill();
    }
    if (this.#isDead) return await new Promise<never>(() => {});
    this.steps.push(name);
    return await work();
  }

  /** Something that changes nothing. */
  async look<V>(work: () => V | Promise<V>): Promise<V> {
    await Promise.resolve();
    return this.#isDead ? await new Promise<never>(() => {}) : await work();
  }

  /** The clock as this process has it: its timers die with it. */
  clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (delay: Millis, run: () => void) => clock.after(delay, () => this.#isDead || run()),
    };
  }
}
