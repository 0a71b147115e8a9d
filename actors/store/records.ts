import { ok, type Result } from '../../core/base/result.ts';
import { Turns } from '../../core/base/turns.ts';
import type { KeyRange, Leading, SegmentKind, Segments } from '../../core/keys/codec.ts';
import type { Collection, Indexes, IndexKinds } from '../../core/keys/collection.ts';
import { Ends } from './ends.ts';
import { type AnyCollection, indexEntries } from './index-entries.ts';
import type { StoreCode, StoreOp, StorePort } from './port.ts';
import { Staged, type Writes } from './staged.ts';

type Kinds = readonly SegmentKind[];
export type Entry<V, K extends Kinds> = readonly [key: Segments<K>, value: V];

export interface Page {
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Within the leading segments, only what lies behind this key. */
export interface PageAfter<K extends Kinds> extends Page {
  readonly after?: Segments<K>;
}

/** Typed collections over the port. */
export interface Records {
  /**
   * One atomic batch over any collections, with every index entry that goes with it. Bodies run one at a time and each
   * sees what the ones before it committed, so reading before writing is safe. A body that rejects writes nothing, and
   * its rejection is passed on. A body must not call `write`: it would wait for itself.
   */
  write<T>(
    body: (writes: Writes) => Promise<T> | T,
    options?: { readonly sync?: boolean },
  ): Promise<Result<T, StoreCode>>;
  get<V, K extends Kinds, X extends Indexes<V>>(from: Collection<V, K, X>, key: Segments<K>): Promise<V | undefined>;
  /** Records whose key begins with `leading`, in key order. */
  list<V, K extends Kinds, X extends Indexes<V>>(
    from: Collection<V, K, X>,
    leading: Leading<K>,
    page?: PageAfter<K>,
  ): AsyncIterable<Entry<V, K>>;
  /** Records whose index value begins with `leading`, in index order. An entry without its record is passed over. */
  find<V, K extends Kinds, X extends Indexes<V>, N extends keyof X & string>(
    from: Collection<V, K, X>,
    by: N,
    leading: Leading<IndexKinds<X[N]>>,
    page?: Page,
  ): AsyncIterable<Entry<V, K>>;
  /** All records of a collection in key order, some hundred at a time and without their keys: for very many. */
  pages<V, K extends Kinds, X extends Indexes<V>>(from: Collection<V, K, X>): AsyncIterable<readonly V[]>;
  /** How many records an index value has, counted up to `most`, without reading them. */
  count<V, K extends Kinds, X extends Indexes<V>, N extends keyof X & string>(
    from: Collection<V, K, X>,
    by: N,
    leading: Leading<IndexKinds<X[N]>>,
    most: number,
  ): Promise<number>;
  /** Makes the index entries and the serial be what the records say; for after a repair. @returns entries changed */
  reindex(collections: readonly AnyCollection[]): Promise<Result<number, StoreCode>>;
}

/** Index entries that are changed in one batch by `reindex`. */
const REINDEX_BATCH = 1000;
/** Records of an index that are read at once. */
const FOUND_AT_ONCE = 256;

export function createRecords(port: StorePort): Records {
  const turns = new Turns();
  const known = { settled: new Map<string, number>(), ends: new Ends(port) };
  return {
    write: (body, options) =>
      turns.run(async () => {
        const staged = new Staged(port, known);
        const value = await body(staged);
        const { ops } = staged;
        const committed = ops.length === 0 ? ok(undefined) : await port.commit(ops, options);
        if (!committed.ok) return committed;
        staged.settle();
        return ok(value);
      }),
    get: (from, key) => port.get(from.key.encode(key)),
    list: (from, leading, page) => list(port, from, leading, page),
    find: (from, by, leading, page) => find(port, from, by, leading, page),
    pages: <V, K extends Kinds, X extends Indexes<V>>(from: Collection<V, K, X>) =>
      port.pages<V>(from.key.under([] as unknown as Leading<K>)),
    count: (from, by, leading, most) =>
      countEntries(port, from.indexKeys[by].under(leading as unknown as Leading<Kinds>), most),
    reindex: (collections) =>
      turns.run(() => {
        known.ends.forget();
        return reindex(port, collections);
      }),
  };
}

async function* list<V, K extends Kinds, X extends Indexes<V>>(
  port: StorePort,
  from: Collection<V, K, X>,
  leading: Leading<K>,
  { after, ...page }: PageAfter<K> = {},
): AsyncGenerator<Entry<V, K>> {
  for await (const [text, value] of port.entries<V>({ ...behind(from, leading, page, after), ...page })) {
    const key = from.key.decode(text);
    if (key !== undefined) yield [key, value];
  }
}

function behind<V, K extends Kinds, X extends Indexes<V>>(
  { key }: Collection<V, K, X>,
  leading: Leading<K>,
  { reverse = false }: Page,
  after: Segments<K> | undefined,
) {
  const { gte, lt }: KeyRange = key.under(leading);
  if (after === undefined) return { gte, lt };
  const start = key.encode(after);
  return reverse ? { gte, lt: start } : { gt: start, lt };
}

async function* find<V, K extends Kinds, X extends Indexes<V>, N extends keyof X & string>(
  port: StorePort,
  from: Collection<V, K, X>,
  by: N,
  leading: Leading<IndexKinds<X[N]>>,
  { reverse = false, limit = Number.POSITIVE_INFINITY }: Page = {},
): AsyncGenerator<Entry<V, K>> {
  const range = from.indexKeys[by].under(leading as unknown as Leading<Kinds>);
  let left = limit;
  // A page at a time: what is asked for at once is read at once.
  for await (const texts of pagesOf(port.entries<string>({ ...range, reverse }), Math.min(limit, FOUND_AT_ONCE))) {
    const values = await Promise.all(texts.map((text) => port.get<V>(text)));
    for (const [i, text] of texts.entries()) {
      const [value, key] = [values[i], from.key.decode(text)];
      if (value === undefined || key === undefined) continue;
      if (left-- <= 0) return;
      yield [key, value];
    }
    if (left <= 0) return;
  }
}

async function* pagesOf(entries: AsyncIterable<readonly [string, string]>, size: number): AsyncGenerator<string[]> {
  let page: string[] = [];
  for await (const [, text] of entries) {
    page.push(text);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function countEntries(port: StorePort, range: KeyRange, most: number): Promise<number> {
  let count = 0;
  for await (const _ of port.entries<string>({ ...range, limit: most })) count++;
  return count;
}

async function reindex(port: StorePort, collections: readonly AnyCollection[]): Promise<Result<number, StoreCode>> {
  let changed = 0;
  for (const from of collections) {
    const wanted = await wantedEntries(port, from);
    const ops: StoreOp[] = [];
    for (const codec of Object.values(from.indexKeys)) {
      for await (const [key, value] of port.entries<string>(codec.under([]))) {
        if (wanted.get(key) === value) wanted.delete(key);
        else if (!wanted.has(key)) ops.push({ del: key });
      }
    }
    for (const [put, value] of wanted) ops.push({ put, value });
    changed += ops.length;
    for (let i = 0; i < ops.length; i += REINDEX_BATCH) {
      const committed = await port.commit(ops.slice(i, i + REINDEX_BATCH));
      if (!committed.ok) return committed;
    }
  }
  return ok(changed);
}

/** Index entries as the records make them, written in key order: of a `latest` index the last stands. */
async function wantedEntries(port: StorePort, from: AnyCollection): Promise<Map<string, string>> {
  const wanted = new Map<string, string>();
  for await (const [key, value] of port.entries<unknown>(from.key.under([]))) {
    for (const entry of indexEntries(from, key, value)) wanted.set(entry, key);
  }
  return wanted;
}
