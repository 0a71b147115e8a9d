import { type KeyCodec, keyCodec, type SegmentKind, type Segments } from './codec.ts';

type Kinds = readonly SegmentKind[];

/**
 * A second way to find records of a collection, kept in the same batch as the record. `every`: one entry a record.
 * `latest`: one entry for each index value, naming the record that was written last; deleting that record removes the
 * entry (it does not fall back to the one before).
 */
export interface Index<V, I extends Kinds = Kinds> {
  readonly holds: 'every' | 'latest';
  readonly kinds: I;
  /** The index value of a record; `undefined` leaves the record out. Depends on the record alone. */
  readonly of: (value: V) => Segments<I> | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: an index of any shape; `unknown` cannot stand for its contravariant value
type AnyIndex<V> = Index<V, any>;
export type Indexes<V> = Readonly<Record<string, AnyIndex<V>>>;

/** Records of one type under typed keys. A declaration only; `actors/store` reads and writes it. */
export interface Collection<V, K extends Kinds = Kinds, X extends Indexes<V> = Indexes<V>> {
  readonly name: string;
  readonly key: KeyCodec<K>;
  readonly indexes: X;
  /** Keys of index entries: the index value, then for `every` the record's own key. */
  readonly indexKeys: { readonly [N in keyof X]: KeyCodec<Kinds> };
  /** Never set: it carries the type of the records. */
  readonly record?: V;
  /** The `latest` index that tells whether a record was appended before. */
  readonly unique?: string;
}

/** A collection numbered from 1 without gaps, in the order of the commits. */
export type Journal<V, X extends Indexes<V> = Indexes<V>> = Collection<V, readonly ['number'], X> & {
  readonly serialKey: string;
};

/** Segments of an index's own value. */
export type IndexKinds<X> = X extends Index<never, infer I> ? I : never;

/** `index(['text'], (finding) => [finding.id])` */
export const index =
  <V>() =>
  <const I extends Kinds>(
    holds: Index<V>['holds'],
    kinds: I,
    of: (value: V) => Segments<I> | undefined,
  ): Index<V, I> => ({ holds, kinds, of });

/** Curried, so that the value type is given and the rest inferred: `collection<Decision>()('decision', ['text'], {…})`. */
export const collection =
  <V>() =>
  <const K extends Kinds, const X extends Indexes<V> = Record<never, never>>(
    name: string,
    kinds: K,
    indexes: X = {} as X,
  ): Collection<V, K, X> => ({
    name,
    key: keyCodec(name, kinds),
    indexes,
    indexKeys: indexKeys<V, X>(name, kinds, indexes),
  });

const SERIALS = keyCodec('serial', ['text']);

/** A collection that gives its records their key. `unique` names the `latest` index that refuses a second of the same. */
export const journal =
  <V>() =>
  <const X extends Indexes<V> = Record<never, never>>(
    name: string,
    indexes: X = {} as X,
    unique?: keyof X & string,
  ): Journal<V, X> => ({
    ...collection<V>()(name, ['number'] as const, indexes),
    serialKey: SERIALS.encode([name]),
    ...(unique === undefined ? {} : { unique }),
  });

function indexKeys<V, X extends Indexes<V>>(
  name: string,
  kinds: Kinds,
  indexes: X,
): { readonly [N in keyof X]: KeyCodec<Kinds> } {
  const codecs = Object.entries(indexes).map(([of, { holds, kinds: own }]) => [
    of,
    keyCodec(`${name}.${of}`, holds === 'every' ? [...own, ...kinds] : own),
  ]);
  return Object.fromEntries(codecs) as { readonly [N in keyof X]: KeyCodec<Kinds> };
}
