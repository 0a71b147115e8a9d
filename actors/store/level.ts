import type { ClassicLevel } from 'classic-level';
import { Level } from 'level';
import { compareKeys } from '../../core/keys/order.ts';
import type { Base, TextOp } from './disk.ts';
import type { Range } from './port.ts';
import { isIntact } from './record-text.ts';

/** What `level` is on Node; its own types know only what it shares with its browser twin. */
const Classic = Level as unknown as typeof ClassicLevel;

/**
 * Sized for an appliance. The write buffer exists up to twice and is what a start replays; the block cache is small
 * because what is read often lives in its actor's memory; open tables are few.
 */
const TUNING = {
  compression: true,
  writeBufferSize: 2 << 20,
  cacheSize: 1 << 20,
  maxOpenFiles: 64,
} as const;

/** Bytes LevelDB may write on its own when it opens: the replayed log as a table, a manifest, a log. */
export const OPEN_BYTES = 2 * TUNING.writeBufferSize;

const PAGE_BYTES = 256 << 10;
/** Records that are looked for side by side, from so many on; bytes of them that come at once. */
const SIDE_BY_SIDE = 4;
const SIDE_BYTES = 2 << 20;

/** Keys and sealed records as bytes. */
export type RawPage = readonly (readonly [key: Uint8Array, text: Uint8Array])[];

/** LevelDB in a directory. */
export class LevelBase implements Base {
  readonly #db: ClassicLevel<string, string>;
  readonly #texts: AskedAtOnce<string>;
  readonly #records: AskedAtOnce<Uint8Array>;

  private constructor(db: ClassicLevel<string, string>) {
    this.#db = db;
    this.#texts = new AskedAtOnce((keys) => db.getMany(keys));
    this.#records = new AskedAtOnce((keys) => this.#readRaw(keys));
  }

  /** @param create otherwise a directory without a store is a fault, for LevelDB would make an empty one in silence */
  static async open(directory: string, { create }: { readonly create: boolean }): Promise<LevelBase> {
    const db = new Classic<string, string>(directory, { ...TUNING, createIfMissing: create });
    await db.open();
    return new LevelBase(db);
  }

  /**
   * Rebuilds the directory's manifest from the tables and logs that can be read. Needs room for the logs again, and takes
   * no lock: nobody else may have the store open.
   */
  static repair(directory: string): Promise<void> {
    return Classic.repair(directory);
  }

  get(key: string): Promise<string | undefined> {
    return this.#texts.get(key);
  }

  getRaw(key: string): Promise<Uint8Array | undefined> {
    return this.#records.get(key);
  }

  /**
   * What is asked for at once mostly lies side by side, and is read in one go. LevelDB takes many single reads for a sign that
   * its tables want to be merged, and merges them then, which costs more than all of the reading.
   */
  async #readRaw(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const sorted = [...keys].sort(compareKeys);
    const [first = '', last = first] = [sorted[0], sorted.at(-1)];
    const beside = keys.length < SIDE_BY_SIDE ? [] : await this.#side(first, last, keys.length);
    const found = new Map<string, Uint8Array | undefined>(beside);
    const rest = keys.filter((key) => !found.has(key));
    const read = rest.length === 0 ? [] : await this.#db.getMany<string, Uint8Array>(rest, { valueEncoding: 'view' });
    for (const [i, key] of rest.entries()) found.set(key, read[i]);
    return keys.map((key) => found.get(key));
  }

  async #side(gte: string, lte: string, limit: number): Promise<readonly (readonly [string, Uint8Array])[]> {
    const range = { gte, lte, limit, fillCache: false, highWaterMarkBytes: SIDE_BYTES };
    const iterator = this.#db.iterator<string, Uint8Array>({ ...range, valueEncoding: 'view' });
    try {
      const found: (readonly [string, Uint8Array])[] = [];
      for (let page = await iterator.nextv(limit); page.length > 0; page = await iterator.nextv(limit)) {
        found.push(...page);
        if (found.length >= limit) break;
      }
      return found;
    } finally {
      await iterator.close();
    }
  }

  iterate({ limit: _, ...range }: Range) {
    const iterator = this.#db.iterator({ ...range, fillCache: false, highWaterMarkBytes: PAGE_BYTES });
    return { next: (count: number) => iterator.nextv(count), close: () => iterator.close() };
  }

  async write(ops: readonly TextOp[], sync: boolean): Promise<void> {
    await this.#db.batch<string, Uint8Array>(ops.map(stepOf), { sync, valueEncoding: 'view' });
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  /**
   * Reads every record and gives the intact ones, raw, in pages.
   * @returns how many were not what had been written
   */
  async readIntact(each: (page: RawPage) => Promise<void>): Promise<number> {
    const iterator = this.#db.iterator<Uint8Array, Uint8Array>({
      keyEncoding: 'view',
      valueEncoding: 'view',
      fillCache: false,
      highWaterMarkBytes: PAGE_BYTES,
    });
    let broken = 0;
    try {
      for (;;) {
        const page = await iterator.nextv(1000);
        if (page.length === 0) return broken;
        const intact = page.filter(([key, text]) => isIntact(key, text));
        broken += page.length - intact.length;
        if (intact.length > 0) await each(intact);
      }
    } finally {
      await iterator.close();
    }
  }

  async writeRaw(page: RawPage, sync: boolean): Promise<void> {
    await this.#db.batch<Uint8Array, Uint8Array>(
      page.map(([key, value]) => ({ type: 'put', key, value })),
      { sync, keyEncoding: 'view', valueEncoding: 'view' },
    );
  }
}

/** What is asked for at once is read at once: going to another thread and back costs several times what a read does. */
class AskedAtOnce<V> {
  readonly #read: (keys: string[]) => Promise<readonly (V | undefined)[]>;
  /** What was asked for since the last turn of the microtasks. */
  #asked: { readonly keys: string[]; readonly values: Promise<readonly (V | undefined)[]> } | undefined;

  constructor(read: (keys: string[]) => Promise<readonly (V | undefined)[]>) {
    this.#read = read;
  }

  async get(key: string): Promise<V | undefined> {
    this.#asked ??= this.#askSoon();
    const { keys, values } = this.#asked;
    const place = keys.push(key) - 1;
    return (await values)[place];
  }

  #askSoon() {
    const keys: string[] = [];
    const values = Promise.resolve().then(() => {
      this.#asked = undefined;
      return this.#read(keys);
    });
    return { keys, values };
  }
}

function stepOf(op: TextOp) {
  const key = op[0];
  const value = op[1];
  if (value === undefined) return { type: 'del', key } as const;
  return { type: 'put', key, value: typeof value === 'string' ? Buffer.from(value) : value } as const;
}
