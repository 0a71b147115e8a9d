import type { Content, TextOp } from './disk.ts';
import { OrderedMap } from './ordered-map.ts';
import type { Range } from './port.ts';

/** Rough bytes of bookkeeping for one key. */
const ENTRY_BYTES = 96;

/** What was written since the disk was lost: JSON or bytes by key, `undefined` for a deletion. Bounded. */
export class Overlay {
  readonly #changes = new OrderedMap<Content | undefined>();
  readonly #limit: number;
  #bytes = 0;

  /** @param limit rough bytes of memory */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#changes.size;
  }

  has(key: string): boolean {
    return this.#changes.has(key);
  }

  get(key: string): Content | undefined {
    return this.#changes.get(key);
  }

  /** Takes the ops, later ones over earlier ones, or nothing at all and false when they do not fit. */
  apply(ops: readonly TextOp[]): boolean {
    const growth = ops.reduce((sum, [key, json]) => sum + cost(key, json) - this.#costOf(key), 0);
    if (this.#bytes + growth > this.#limit) return false;
    this.force(ops);
    return true;
  }

  /** `apply` without the bound. */
  force(ops: readonly TextOp[]): void {
    for (const [key, json] of ops) {
      this.#bytes += cost(key, json) - this.#costOf(key);
      this.#changes.set(key, json);
    }
  }

  slice(range: Range): readonly (readonly [key: string, content: Content | undefined])[] {
    return this.#changes.slice(range);
  }

  clear(): void {
    this.#changes.clear();
    this.#bytes = 0;
  }

  #costOf(key: string): number {
    return this.#changes.has(key) ? cost(key, this.#changes.get(key)) : 0;
  }
}

const cost = (key: string, content: Content | undefined): number =>
  ENTRY_BYTES + 2 * key.length + (typeof content === 'string' ? 2 * content.length : (content?.length ?? 0));
