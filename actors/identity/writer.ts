import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import type { StoreCode, StoreOp, StorePort } from '../store/index.ts';

/**
 * One commit at a time, in the order asked for: a late "last seen" cannot bring back a session that has logged out.
 */
export class OrderedWriter {
  readonly #store: StorePort;
  readonly #log: Log;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: StorePort, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * Resolves when the operations are on disk, or, while the disk is lost, in the store's memory: an appliance whose disk
   * died must still let its admin in. The store's health and the log say that a restart may forget them. A store that
   * throws counts as lost.
   */
  kept(ops: readonly StoreOp[]): Promise<Result<void, StoreCode>> {
    return this.#enqueue(ops, true);
  }

  /** For what may be lost with the next power cut; a failure goes to the log. */
  inBackground(ops: readonly StoreOp[]): void {
    void this.#enqueue(ops, false);
  }

  /** Resolves when everything asked for so far was tried. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #enqueue(ops: readonly StoreOp[], sync: boolean): Promise<Result<void, StoreCode>> {
    const turn = this.#last.then(() => this.#commit(ops, sync));
    this.#last = turn;
    return turn;
  }

  async #commit(ops: readonly StoreOp[], sync: boolean): Promise<Result<void, StoreCode>> {
    const kept = await this.#try(ops, sync);
    if (kept.ok) return kept;
    this.#log('error', 'credentials could not be stored', { code: kept.code, detail: kept.public });
    return sync && kept.code === 'lost' ? await this.#try(ops, false) : kept;
  }

  async #try(ops: readonly StoreOp[], sync: boolean): Promise<Result<void, StoreCode>> {
    try {
      return await this.#store.commit(ops, { sync });
    } catch (cause) {
      return fail('lost', `the store failed: ${messageOf(cause)}`, cause);
    }
  }
}
