interface Node<V> {
  readonly key: string;
  readonly value: V;
  older: Node<V> | undefined;
  newer: Node<V> | undefined;
}

/**
 * A map that knows which of its keys was written least recently. A linked list beside a `Map`: the insertion order of a
 * `Map` would do, but finding its first key walks over every key deleted since the last rehash.
 */
export class RecencyMap<V> {
  readonly #nodes = new Map<string, Node<V>>();
  #oldest: Node<V> | undefined;
  #newest: Node<V> | undefined;

  get size(): number {
    return this.#nodes.size;
  }

  /** Does not count as a use. */
  get(key: string): V | undefined {
    return this.#nodes.get(key)?.value;
  }

  /** Writes, and makes the key the most recent. */
  set(key: string, value: V): void {
    this.delete(key);
    const node: Node<V> = { key, value, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.#nodes.set(key, node);
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    this.#nodes.delete(key);
    if (node.older === undefined) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === undefined) this.#newest = node.older;
    else node.newer.older = node.older;
    return true;
  }

  /** The least recently written. */
  oldest(): { readonly key: string; readonly value: V } | undefined {
    return this.#oldest;
  }
}
