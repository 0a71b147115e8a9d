import type { Collection, Journal } from '../../core/keys/collection.ts';

// biome-ignore lint/suspicious/noExplicitAny: a collection of any value, of which only keys and indexes are looked at
export type AnyCollection = Collection<any, any, any> | Journal<any, any>;

/** Keys of the index entries of one record; the value of each is the record's own key. */
export function indexEntries(from: AnyCollection, key: string, value: unknown): readonly string[] {
  const entries: string[] = [];
  for (const by of Object.keys(from.indexes)) {
    const index = from.indexes[by];
    const segments: readonly (string | number)[] | undefined = index?.of(value);
    if (index === undefined || segments === undefined) continue;
    entries.push(keyOf(from, by, index.holds === 'every' ? [...segments, ...ownSegments(from, key)] : segments));
  }
  return entries;
}

const ownSegments = (from: AnyCollection, key: string): readonly (string | number)[] => from.key.decode(key) ?? [];

/** Key of an entry of the index `by`. */
export function keyOf(from: AnyCollection, by: string, segments: readonly (string | number)[]): string {
  const codec = from.indexKeys[by];
  if (codec === undefined) throw new RangeError(`${from.name} has no index ${by}`);
  return codec.encode(segments);
}

/** The serial in the key of a journal's record. */
export function serialOf(journal: AnyCollection, key: string): number | undefined {
  const [serial]: readonly (string | number)[] = journal.key.decode(key) ?? [];
  return typeof serial === 'number' ? serial : undefined;
}
