import type { Result } from '../../core/base/result.ts';
import type { StoreCode, StoreOp, StorePort } from '../store/index.ts';

/**
 * One commit at a time, in the order in which they were asked for; what is asked for during one goes into the next. Many small
 * steps cost one write to the disk.
 */
export class Commits {
  readonly #store: StorePort;
  #ops: StoreOp[] = [];
  #isSync = false;
  #waiting: ((done: Result<void, StoreCode>) => void)[] = [];
  #isBusy = false;

  constructor(store: StorePort) {
    this.#store = store;
  }

  /** Steps that are not written yet. */
  get pending(): number {
    return this.#ops.length;
  }

  /** @param options.sync it is to be on the disk, and so is everything asked for before */
  write(ops: readonly StoreOp[], { sync }: { readonly sync: boolean }): Promise<Result<void, StoreCode>> {
    for (const op of ops) this.#ops.push(op);
    this.#isSync ||= sync;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isBusy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    // What is asked for in the same turn goes along.
    await undefined;
    while (this.#waiting.length > 0) {
      const [ops, isSync, waiting] = [this.#ops, this.#isSync, this.#waiting];
      [this.#ops, this.#isSync, this.#waiting] = [[], false, []];
      const done = await this.#store.commit(ops, { sync: isSync });
      // In memory at least: the records follow each other as they should when the disk is back.
      if (!done.ok && done.code === 'lost' && isSync) await this.#store.commit(ops);
      for (const settle of waiting) settle(done);
    }
    this.#isBusy = false;
  }
}
