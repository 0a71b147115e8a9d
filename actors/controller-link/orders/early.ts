const MOST = 64;
const MOST_BYTES = 1024 * 1024;

/**
 * Orders of keys that are not known here, until a new key set comes: what a broker keeps comes in no certain order, so that an
 * order may be there before the keys that signed it. In memory, and the oldest goes where there are many: anybody can sign with keys
 * that nobody knows.
 */
export class EarlyOrders {
  #kept: readonly Uint8Array[] = [];

  put(envelope: Uint8Array): void {
    if (this.#kept.some((one) => Buffer.compare(one, envelope) === 0)) return;
    const kept = [...this.#kept, Uint8Array.from(envelope)].slice(-MOST);
    let bytes = kept.reduce((sum, { length }) => sum + length, 0);
    while (bytes > MOST_BYTES && kept.length > 1) bytes -= kept.shift()?.length ?? 0;
    this.#kept = kept;
  }

  /** All of them, in the order in which they came; they are kept no longer. */
  take(): readonly Uint8Array[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }
}
