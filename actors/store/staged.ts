import type { KeyCodec, SegmentKind, Segments } from '../../core/keys/codec.ts';
import type { Collection, Indexes, Journal } from '../../core/keys/collection.ts';
import type { Ends } from './ends.ts';
import { type AnyCollection, indexEntries, keyOf, serialOf } from './index-entries.ts';
import type { StoreOp, StorePort } from './port.ts';

type Kinds = readonly SegmentKind[];

/** The serial a value has in its journal, and whether it was given now. */
export interface Appended {
  readonly serial: number;
  readonly added: boolean;
}

/** What a body of `Records.write` may do. Every read sees what the body has written so far. */
export interface Writes {
  get<V, K extends Kinds, X extends Indexes<V>>(from: Collection<V, K, X>, key: Segments<K>): Promise<V | undefined>;
  put<V, K extends Kinds, X extends Indexes<V>>(into: Collection<V, K, X>, key: Segments<K>, value: V): Promise<void>;
  /** A record that is not there is no error. */
  delete<V, K extends Kinds, X extends Indexes<V>>(from: Collection<V, K, X>, key: Segments<K>): Promise<void>;
  /** Gives the next serial; for what a `unique` index knows already, the serial it has and `added: false`. */
  append<V, X extends Indexes<V>>(to: Journal<V, X>, value: V): Promise<Appended>;
  /** As `append` of each, in order; what each would read is read at once, which of many is the greater part of the work. */
  appendAll<V, X extends Indexes<V>>(to: Journal<V, X>, values: readonly V[]): Promise<readonly Appended[]>;
  /** Reads at once what `put` and `delete` under each of these keys would read by itself. */
  foreseeKeys<V, K extends Kinds, X extends Indexes<V>>(
    into: Collection<V, K, X>,
    keys: readonly Segments<K>[],
  ): Promise<void>;
}

/** What one body finds out for those behind it. `settled`: counters by serial key, as the last body left them. */
export interface Known {
  readonly settled: Map<string, number>;
  readonly ends: Ends;
}

/** Changes over the port that are not committed yet. */
export class Staged implements Writes {
  readonly #port: StorePort;
  readonly #changes = new Map<string, { readonly value: unknown } | undefined>();
  /** Serial keys among them. */
  readonly #counted = new Set<string>();
  /** Records as they were read ahead: nobody else writes meanwhile. */
  readonly #foreseen = new Map<string, unknown>();
  /** Under which serial key the counter was found, or left, at the last record: then nobody looks for that again. */
  readonly #settled: Map<string, number>;
  readonly #ends: Ends;

  /** @param known outlives this: what bodies before this one have found, and what this one finds */
  constructor(port: StorePort, { settled, ends }: Known) {
    this.#port = port;
    this.#settled = settled;
    this.#ends = ends;
  }

  /** To be called once the changes are committed. */
  settle(): void {
    for (const serialKey of this.#counted) this.#settled.set(serialKey, this.#changes.get(serialKey)?.value as number);
  }

  get ops(): readonly StoreOp[] {
    const ops: StoreOp[] = [];
    this.#changes.forEach((change, key) => {
      ops.push(change === undefined ? { del: key } : { put: key, value: change.value });
    });
    return ops;
  }

  readonly get: Writes['get'] = (from, key) => this.#read(from.key.encode(key));

  readonly put: Writes['put'] = async (into, key, value) => this.#replace(into, into.key.encode(key), { value });

  readonly delete: Writes['delete'] = async (from, key) => this.#replace(from, from.key.encode(key), undefined);

  readonly append: Writes['append'] = async (to, value) => (await this.appendAll(to, [value]))[0] as Appended;

  /** Nearly every value is a new one: then nothing is waited for between the first and the last. */
  readonly appendAll: Writes['appendAll'] = async (to, values) => {
    const uniques = values.map((value) => uniqueKeyOf(to, value));
    await this.#foresee(uniqueCodec(to), uniques);
    let last = await this.#lastSerial(to);
    const appended: Appended[] = [];
    for (const [i, value] of values.entries()) {
      const found = this.#knownUnder(to, uniques[i]);
      const known = found === undefined ? undefined : await found;
      appended.push(known === undefined ? { serial: ++last, added: true } : { serial: known, added: false });
      if (known !== undefined) continue;
      this.#changes.set(to.serialKey, { value: last });
      this.#counted.add(to.serialKey);
      this.#write(to, to.key.encode([last]), [], { value });
    }
    return appended;
  };

  readonly foreseeKeys: Writes['foreseeKeys'] = async (into, keys) => {
    if (!isIndexed(into)) return;
    await this.#foresee(
      into.key,
      keys.map((key) => into.key.encode(key)),
    );
  };

  /** Reads what is under these keys of a codec; what lies behind all that there are is not there. */
  async #foresee(codec: KeyCodec<Kinds> | undefined, keys: readonly (string | undefined)[]): Promise<void> {
    if (codec === undefined) return;
    await this.#ends.learn(codec);
    const asked: string[] = [];
    for (const key of keys) {
      if (key === undefined || this.#holds(key)) continue;
      if (this.#ends.isBehind(codec, key)) this.#foreseen.set(key, undefined);
      else asked.push(key);
    }
    await Promise.all(asked.map(async (key) => this.#foreseen.set(key, await this.#port.get(key))));
  }

  /** It was written here, or read ahead. */
  #holds(key: string): boolean {
    return this.#changes.has(key) || this.#foreseen.has(key);
  }

  /** Of a key that this holds. */
  #held<V>(key: string): V | undefined {
    return (this.#changes.has(key) ? this.#changes.get(key)?.value : this.#foreseen.get(key)) as V | undefined;
  }

  async #read<V>(key: string): Promise<V | undefined> {
    return this.#holds(key) ? this.#held<V>(key) : this.#port.get<V>(key);
  }

  async #replace(from: AnyCollection, key: string, next: { readonly value: unknown } | undefined): Promise<void> {
    // Only of its index entries the record that was there is asked for.
    if (!isIndexed(from)) {
      this.#changes.set(key, next);
      return;
    }
    const before = await this.#read(key);
    const entries = before === undefined ? [] : indexEntries(from, key, before);
    const own: string[] = [];
    for (const entry of entries) if ((await this.#read(entry)) === key) own.push(entry);
    this.#write(from, key, own, next);
  }

  /** @param own index entries that name the record as it was */
  #write(
    from: AnyCollection,
    key: string,
    own: readonly string[],
    next: { readonly value: unknown } | undefined,
  ): void {
    for (const entry of own) this.#changes.set(entry, undefined);
    const wanted = next === undefined ? [] : indexEntries(from, key, next.value);
    for (const entry of wanted) {
      this.#changes.set(entry, { value: key });
      this.#ends.note(entry);
    }
    this.#changes.set(key, next);
    this.#ends.note(key);
  }

  /** The serial of the record that the entry of a unique index names, if it is there. */
  #knownUnder(to: AnyCollection, entry: string | undefined): Promise<number | undefined> | undefined {
    const key = entry === undefined ? undefined : this.#held<string>(entry);
    if (key === undefined) return undefined;
    return this.#read(key).then((record) => (record === undefined ? undefined : serialOf(to, key)));
  }

  /** The greater of the counter and the last key: a repair may have brought back an older counter. */
  async #lastSerial(to: AnyCollection & { readonly serialKey: string }): Promise<number> {
    if (this.#changes.has(to.serialKey)) return this.#held<number>(to.serialKey) ?? 0;
    const counted = (await this.#read<number>(to.serialKey)) ?? 0;
    if (counted === this.#settled.get(to.serialKey)) return counted;
    for await (const [key] of this.#port.entries({ ...to.key.under([]), reverse: true, limit: 1 })) {
      return Math.max(counted, serialOf(to, key) ?? 0);
    }
    return counted;
  }
}

const isIndexed = ({ indexes }: AnyCollection): boolean => Object.keys(indexes).length > 0;

const uniqueCodec = ({ unique, indexKeys }: AnyCollection): KeyCodec<Kinds> | undefined =>
  unique === undefined ? undefined : indexKeys[unique];

/** The entry by which a record that is there already is told. */
function uniqueKeyOf(to: AnyCollection, value: unknown): string | undefined {
  const { unique } = to;
  const segments = unique === undefined ? undefined : to.indexes[unique]?.of(value);
  return unique === undefined || segments === undefined ? undefined : keyOf(to, unique, segments);
}
