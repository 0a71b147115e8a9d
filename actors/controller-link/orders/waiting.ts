import type { Clock, Log } from '../../../core/base/ports.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import { waitingOrders } from '../../../core/keys/records.ts';
import type { Hex } from '../../../core/link/hex.ts';
import type { Records } from '../../store/index.ts';

const LOOK_EVERY: Millis = seconds(10);
const MOST = 256;
const MOST_BYTES = 8 * 1024 * 1024;

export interface WaitingDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly isSet: () => boolean;
  /** Has an envelope judged once more. */
  readonly again: (envelope: Uint8Array) => Promise<void>;
  readonly log: Log;
}

/**
 * Orders that are good but for the clock: on disk until it is set. Beyond a bound, or where the disk refuses, they are left to who
 * ordered them.
 */
export class Waiting {
  readonly #deps: WaitingDeps;
  readonly #kept = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(deps: WaitingDeps) {
    this.#deps = deps;
  }

  async resume(): Promise<void> {
    for await (const [[digest], { envelope }] of this.#deps.records.list(waitingOrders, [])) {
      this.#kept.set(digest, envelope.length);
    }
    this.#look();
  }

  async put(digest: Hex, envelope: Uint8Array): Promise<Result<void, 'busy' | 'not_kept'>> {
    const { records, log } = this.#deps;
    const bytes = [...this.#kept.values()].reduce((sum, length) => sum + length, envelope.length * 1.4);
    if (this.#kept.has(digest)) return ok(undefined);
    if (this.#kept.size >= MOST || bytes > MOST_BYTES) {
      log('warn', 'too many orders wait for the clock to be set', { orders: this.#kept.size });
      return fail('busy', 'too many orders wait for the clock to be set');
    }
    const text = Buffer.from(envelope).toString('base64');
    const written = await records.write((writes) => writes.put(waitingOrders, [digest], { envelope: text }), {
      sync: true,
    });
    if (!written.ok) {
      log('error', 'an order that waits for the clock cannot be kept', { error: written.public });
      return fail('not_kept', `it cannot be written down: ${written.public}`);
    }
    this.#kept.set(digest, text.length);
    this.#look();
    return ok(undefined);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    if (this.#kept.size === 0 || this.#cancel !== undefined) return;
    this.#cancel = this.#deps.clock.after(LOOK_EVERY, () => {
      this.#cancel = undefined;
      if (!this.#deps.isSet()) return this.#look();
      void this.#judge();
    });
  }

  /** Each is judged before it is forgotten: what it comes to is on disk by then. */
  async #judge(): Promise<void> {
    const { records, again, isSet } = this.#deps;
    for (const digest of [...this.#kept.keys()]) {
      // It was set back: what is not judged yet waits on.
      if (!isSet()) return this.#look();
      const found = await records.get(waitingOrders, [digest]);
      if (found !== undefined) await again(Buffer.from(found.envelope, 'base64'));
      await records.write((writes) => writes.delete(waitingOrders, [digest]), { sync: true });
      this.#kept.delete(digest);
    }
  }
}
