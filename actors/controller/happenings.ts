import type { Clock } from '../../core/base/ports.ts';
import { rfc3339 } from '../../core/base/time.ts';

/** Something that happened in the fleet, for who watches. */
export type Happening = { readonly kind: string; readonly serial?: string } & Readonly<Record<string, unknown>>;
export type Told = Happening & { readonly at: string };

/** Tells those who watch. Nobody watching costs nothing. */
export class Happenings {
  readonly #clock: Clock;
  readonly #listeners = new Set<(told: Told) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tell(happening: Happening): void {
    if (this.#listeners.size === 0) return;
    const told = { at: rfc3339(this.#clock.now()), ...happening };
    for (const listener of this.#listeners) listener(told);
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns the end of it */
  listen(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
