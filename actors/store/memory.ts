import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Content } from './disk.ts';
import { OrderedMap } from './ordered-map.ts';
import type { Range, StoreCode, StoreHealth, StoreOp, StorePort } from './port.ts';
import { toJson } from './record-text.ts';

/** The port without a disk, for tests. It keeps JSON text and copies of bytes, so that what a caller does to a value later changes nothing. */
export class MemoryStore implements StorePort {
  readonly #records = new OrderedMap<Content>();
  #closed = false;
  /** Every batch that was kept, in order. */
  readonly commits: { readonly ops: readonly StoreOp[]; readonly sync: boolean }[] = [];
  /** Asked before each commit; true refuses it as `lost`. */
  failing: (ops: readonly StoreOp[]) => boolean = () => false;

  async commit(ops: readonly StoreOp[], { sync = false } = {}): Promise<Result<void, StoreCode>> {
    const texts = ops.map((op) => {
      if ('del' in op) return [op.del] as const;
      return [op.put, 'bytes' in op ? Uint8Array.from(op.bytes) : toJson(op.value)] as const;
    });
    if (this.#closed) return fail('closed', 'the store is closed');
    if (this.failing(ops)) return fail('lost', 'the disk is lost');
    for (const [key, text] of texts) {
      if (text === undefined) this.#records.delete(key);
      else this.#records.set(key, text);
    }
    this.commits.push({ ops, sync });
    return ok(undefined);
  }

  async get<V>(key: string): Promise<V | undefined> {
    const text = this.#content(key);
    if (text !== undefined && typeof text !== 'string') throw new TypeError('bytes are not read as JSON');
    return text === undefined ? undefined : (JSON.parse(text) as V);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    const bytes = this.#content(key);
    if (typeof bytes === 'string') throw new TypeError('JSON is not read as bytes');
    return bytes;
  }

  #content(key: string): Content | undefined {
    if (this.#closed) throw new Error('the store is closed');
    return this.#records.get(key);
  }

  async *entries<V>(range: Range): AsyncGenerator<readonly [key: string, value: V]> {
    if (this.#closed) throw new Error('the store is closed');
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    for (const [key, text] of this.#records.slice(range)) {
      if (typeof text !== 'string') continue;
      if (left-- <= 0) return;
      yield [key, JSON.parse(text) as V];
    }
  }

  async *pages<V>(range: Omit<Range, 'limit'>): AsyncGenerator<readonly V[]> {
    for await (const [, value] of this.entries<V>(range)) yield [value];
  }

  readonly openings = 1;

  health(): StoreHealth {
    return { state: 'ok', bytes: 0 };
  }

  close(): void {
    this.#closed = true;
  }
}
