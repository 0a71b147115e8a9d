import { compareKeys } from '../../core/keys/order.ts';
import type { Range } from './port.ts';

/** A map that lists its entries in key order. */
export class OrderedMap<V> {
  readonly #values = new Map<string, V>();
  /** Every key of `#values`, in order. */
  readonly #keys: string[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#from(key, 0), 0, key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#from(key, 0), 1);
  }

  clear(): void {
    this.#values.clear();
    this.#keys.length = 0;
  }

  /** A copy of what lies in the range, in its direction: the first `most` of it. The range's own limit is the caller's. */
  slice(
    { gte, gt, lt, lte, reverse = false }: Range,
    most = Number.POSITIVE_INFINITY,
  ): readonly (readonly [key: string, value: V])[] {
    const first = gt !== undefined ? this.#from(gt, 1) : gte !== undefined ? this.#from(gte, 0) : 0;
    const end = lt !== undefined ? this.#from(lt, 0) : lte !== undefined ? this.#from(lte, 1) : this.size;
    const keys = reverse
      ? this.#keys.slice(Math.max(first, end - most), end)
      : this.#keys.slice(first, Math.min(end, first + most));
    const found = keys.map((key) => [key, this.#values.get(key) as V] as const);
    return reverse ? found.reverse() : found;
  }

  /** Index of the first key that is at least `key`, or with `past` 1 greater than it. */
  #from(key: string, past: 0 | 1): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? '', key) < past) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
