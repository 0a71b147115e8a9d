/** Somebody who holds an open file. */
export interface Holder {
  /** Closes the file, soon. Asked only while idle; calls `Descriptors.release` when done. */
  evict(): void;
}

/**
 * Bounds how many files are open at once. Who wants one when all are taken waits in a queue until a holder lets go or
 * falls idle; the one that was idle longest is asked to close first, and opens again when there is something to read.
 */
export class Descriptors {
  readonly #most: number;
  /** In the order they fell idle. */
  readonly #idle = new Set<Holder>();
  readonly #holders = new Set<Holder>();
  readonly #waiting = new Map<Holder, () => void>();

  constructor(most: number) {
    this.#most = most;
  }

  get open(): number {
    return this.#holders.size;
  }

  /** Resolves when `holder` may open a file (at once if it holds one); never for one that `release`s while it waits. */
  acquire(holder: Holder): Promise<void> {
    this.#idle.delete(holder);
    if (this.#holders.has(holder)) return Promise.resolve();
    if (this.#holders.size < this.#most) {
      this.#holders.add(holder);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.set(holder, resolve);
      this.#makeRoom();
    });
  }

  busy(holder: Holder): void {
    this.#idle.delete(holder);
  }

  idle(holder: Holder): void {
    if (!this.#holders.has(holder)) return;
    this.#idle.delete(holder);
    this.#idle.add(holder);
    if (this.#waiting.size > 0) this.#makeRoom();
  }

  release(holder: Holder): void {
    this.#idle.delete(holder);
    this.#waiting.delete(holder);
    if (!this.#holders.delete(holder)) return;
    const next = this.#waiting.entries().next();
    if (next.done === true) return;
    const [waiter, admit] = next.value;
    this.#waiting.delete(waiter);
    this.#holders.add(waiter);
    admit();
  }

  #makeRoom(): void {
    const longest = this.#idle.values().next();
    if (longest.done === true) return;
    this.#idle.delete(longest.value);
    longest.value.evict();
  }
}
