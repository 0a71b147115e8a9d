import { crc32 } from 'node:zlib';
import type { ClassicLevel } from 'classic-level';
import { Level } from 'level';
import type { Base, TextOp } from './disk.ts';
import type { Range } from './port.ts';

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

/** Keys and sealed records as bytes. */
export type RawPage = readonly (readonly [key: Uint8Array, text: Uint8Array])[];

/** LevelDB in a directory. */
export class LevelBase implements Base {
  readonly #db: ClassicLevel<string, string>;
  /** What was asked for since the last turn of the microtasks. */
  #asked: { readonly keys: string[]; readonly texts: Promise<readonly (string | undefined)[]> } | undefined;

  private constructor(db: ClassicLevel<string, string>) {
    this.#db = db;
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

  /** What is asked for at once is read at once: going to another thread and back costs several times what a read does. */
  async get(key: string): Promise<string | undefined> {
    this.#asked ??= this.#askSoon();
    const { keys, texts } = this.#asked;
    const place = keys.push(key) - 1;
    return (await texts)[place];
  }

  #askSoon() {
    const keys: string[] = [];
    const texts = Promise.resolve().then(() => {
      this.#asked = undefined;
      return this.#db.getMany(keys);
    });
    return { keys, texts };
  }

  iterate({ limit: _, ...range }: Range) {
    const iterator = this.#db.iterator({ ...range, fillCache: false, highWaterMarkBytes: PAGE_BYTES });
    return { next: (count: number) => iterator.nextv(count), close: () => iterator.close() };
  }

  async write(ops: readonly TextOp[], sync: boolean): Promise<void> {
    await this.#db.batch(
      ops.map(([key, value]) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
      { sync },
    );
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
        const intact = page.filter(([key, text]) => isSealed(key, text));
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

/** `unseal` on bytes, without making text of them. */
function isSealed(key: Uint8Array, text: Uint8Array): boolean {
  const colon = text.indexOf(0x3a);
  if (colon < 1 || colon > 7) return false;
  const checksum = crc32(text.subarray(colon + 1), crc32(key)).toString(36);
  return checksum.length === colon && [...checksum].every((digit, i) => digit.charCodeAt(0) === text[i]);
}
