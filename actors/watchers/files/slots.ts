import { ANCHOR_BYTES } from './identity.ts';
import { MAX_LINE } from './port.ts';

/** Leave to read one window of one file and hand one chunk to the sink, with the memory to do it in. */
export interface Slot {
  /** Room for an anchor and the longest line with its end. */
  readonly scratch: Buffer;
  release(): void;
}

/**
 * Bounds how many chunks are under way at once, and with them the memory of all readers together. First come, first
 * served: a file with a long backlog takes turns with the others.
 */
export class Slots {
  readonly #scratch: Buffer[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  #unmade: number;

  constructor(count: number) {
    this.#unmade = count;
  }

  take(): Promise<Slot> | Slot {
    const scratch = this.#scratch.pop();
    if (scratch !== undefined) return this.#slot(scratch);
    if (this.#unmade > 0) {
      this.#unmade--;
      return this.#slot(Buffer.allocUnsafeSlow(ANCHOR_BYTES + MAX_LINE + 1));
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #slot(scratch: Buffer): Slot {
    let held = true;
    return {
      scratch,
      release: () => {
        if (!held) return;
        held = false;
        const next = this.#waiting.shift();
        if (next === undefined) this.#scratch.push(scratch);
        else next(this.#slot(scratch));
      },
    };
  }
}
