import type { Range, StoreCode, StoreHealth, StoreOp, StorePort } from '../../actors/store/port.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';

/** A store in memory for tests: byte order, atomic batches, values through JSON, commits that can be made to fail. */
export class MemoryStore implements StorePort {
  readonly #records = new Map<string, string>();
  readonly #bytes = new Map<string, Uint8Array>();
  /** Every batch that was kept, in order. */
  readonly commits: { readonly ops: readonly StoreOp[]; readonly sync: boolean }[] = [];
  /** Asked before each commit; true loses the batch. A lost disk fails what is `sync`. */
  failing: (ops: readonly StoreOp[], sync: boolean) => boolean = () => false;
  readonly openings = 1;
  /** When set, commits wait for it, as for a slow disk. */
  gate: Promise<void> | undefined;

  async commit(ops: readonly StoreOp[], { sync = false } = {}): Promise<Result<void, StoreCode>> {
    await (this.gate ?? Promise.resolve());
    if (this.failing(ops, sync)) return fail('lost', 'the disk is gone');
    for (const op of ops) {
      const key = 'del' in op ? op.del : op.put;
      this.#records.delete(key);
      this.#bytes.delete(key);
      if ('bytes' in op) this.#bytes.set(key, Uint8Array.from(op.bytes));
      else if ('put' in op) this.#records.set(key, JSON.stringify(op.value));
    }
    this.commits.push({ ops, sync });
    return ok(undefined);
  }

  async get<V>(key: string): Promise<V | undefined> {
    const text = this.#records.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as V);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    return this.#bytes.get(key);
  }

  async *entries<V>(range: Range): AsyncIterable<readonly [key: string, value: V]> {
    const keys = [...this.#records.keys()].filter((key) => within(key, range)).sort(byteOrder);
    if (range.reverse === true) keys.reverse();
    for (const key of keys.slice(0, range.limit)) {
      const text = this.#records.get(key);
      if (text !== undefined) yield [key, JSON.parse(text) as V];
    }
  }

  async *pages<V>(range: Omit<Range, 'limit'>): AsyncGenerator<readonly V[]> {
    for await (const [, value] of this.entries<V>(range)) yield [value];
  }

  health(): StoreHealth {
    return { state: 'ok', bytes: 0 };
  }

  /** All keys in order. */
  keys(): string[] {
    return [...this.#records.keys()].sort(byteOrder);
  }

  /** Everything the store holds, as text: for looking that a secret is not in it. */
  dump(): string {
    return [...this.#records].map(([key, value]) => `${key}=${value}`).join('\n');
  }
}

const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const within = (key: string, { gte, gt, lt, lte }: Range): boolean =>
  (gte === undefined || byteOrder(key, gte) >= 0) &&
  (gt === undefined || byteOrder(key, gt) > 0) &&
  (lt === undefined || byteOrder(key, lt) < 0) &&
  (lte === undefined || byteOrder(key, lte) <= 0);
