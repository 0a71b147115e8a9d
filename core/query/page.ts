import { compareKeys, LAST_NUMBER, printCursor, type RowKey } from './cursor.ts';
import type { Query } from './tree.ts';

interface Held<T> {
  readonly key: RowKey;
  readonly row: T;
  readonly bytes: number;
}

/**
 * The first `limit` rows of a search in its order, out of rows that come in any order. Rows are given out as soon as
 * nothing that is still to come can stand before them. Holds at most `limit` rows and about `maxBytes`: when the rows are
 * large the page becomes shorter.
 */
export class Page<T> {
  readonly #isNewest: boolean;
  readonly #maxBytes: number;
  readonly #after: RowKey | undefined;
  /** In the order of the search. */
  #held: Held<T>[] = [];
  #bytes = 0;
  #room: number;
  #last: RowKey | undefined;
  #cut = false;

  constructor(query: Pick<Query, 'order' | 'limit'>, after: RowKey | undefined, maxBytes: number) {
    this.#isNewest = query.order === 'newest';
    this.#room = query.limit;
    this.#after = after;
    this.#maxBytes = maxBytes;
  }

  /** Whether a row of this key could still be on the page: worth asking before a row is made. */
  wants(key: RowKey): boolean {
    if (this.#after !== undefined && this.#order(key, this.#after) <= 0) return false;
    if (this.#held.length < this.#room) return true;
    const last = this.#held.at(-1);
    if (last !== undefined && this.#order(key, last.key) < 0) return true;
    this.#cut = true;
    return false;
  }

  /** Takes a row that is wanted. @param bytes roughly what it holds */
  add(key: RowKey, row: T, bytes: number): void {
    let [low, high] = [0, this.#held.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order((this.#held[middle] as Held<T>).key, key) < 0) low = middle + 1;
      else high = middle;
    }
    this.#held.splice(low, 0, { key, row, bytes });
    this.#bytes += bytes;
    while (this.#held.length > this.#room || (this.#bytes > this.#maxBytes && this.#held.length > 1)) {
      this.#bytes -= this.#held.pop()?.bytes ?? 0;
      this.#room = Math.min(this.#room, this.#held.length);
      this.#cut = true;
    }
  }

  /**
   * Rows before which nothing can come any more. @param edge the moment nearest to the page's beginning that is still
   * unread: the latest one for `newest`; without it everything was read
   */
  settled(edge?: number): readonly T[] {
    let count = 0;
    for (const { key } of this.#held) {
      if (edge !== undefined && (this.#isNewest ? key.at <= edge : key.at >= edge)) break;
      count++;
    }
    if (count === 0) return [];
    const settled = this.#held.splice(0, count);
    this.#room -= count;
    this.#last = settled.at(-1)?.key;
    this.#bytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
    return settled.map(({ row }) => row);
  }

  /** Whether rows could still be on the page of which the nearest to its beginning is of that moment. */
  reaches(at: number): boolean {
    if (this.#held.length < this.#room) return true;
    const last = this.#held.at(-1);
    if (last !== undefined && this.#order(this.#edge(at), last.key) < 0) return true;
    this.#cut = true;
    return false;
  }

  /**
   * Where the next page begins; undefined where there is none.
   * @param edge as `settled` takes it, when the search ended before everything was read
   */
  next(edge?: number): string | undefined {
    if (edge !== undefined && this.#room > 0) {
      const first = this.#edge(edge);
      return printCursor(this.#last !== undefined && this.#order(first, this.#last) < 0 ? this.#last : first);
    }
    return (this.#cut || edge !== undefined) && this.#last !== undefined ? printCursor(this.#last) : undefined;
  }

  /** Stands before every row of that moment. */
  #edge(at: number): RowKey {
    return this.#isNewest ? { at, major: LAST_NUMBER, minor: LAST_NUMBER } : { at, major: 0, minor: 0 };
  }

  #order(a: RowKey, b: RowKey): number {
    return this.#isNewest ? compareKeys(b, a) : compareKeys(a, b);
  }
}
