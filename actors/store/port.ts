import type { Result } from '../../core/base/result.ts';

/**
 * Values are JSON, or bytes as they are, which are read by `getBytes` alone. A key is made by a codec of `core/keys`; nobody
 * else builds one.
 */
export type StoreOp =
  | { readonly put: string; readonly value: unknown }
  | { readonly put: string; readonly bytes: Uint8Array }
  | { readonly del: string };

/** At most one lower and one upper bound; `limit` ≥ 0. */
export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * `lost`: nothing of the batch was kept, because it asked for the disk (`sync`) and the disk is gone, full or read-only,
 * or because the memory that stands in for the disk is used up. `closed`: stopped, or not started yet.
 */
export type StoreCode = 'lost' | 'closed';

export interface StoreHealth {
  /**
   * `memory`: the disk is lost; what is written is kept in memory and reaches the disk when it is back, if the process
   * lives that long. `repaired`: on disk, but the store was found damaged when it was opened.
   */
  readonly state: 'ok' | 'repaired' | 'memory';
  /** What happened and what to do; absent when `ok`. */
  readonly message?: string;
  /** On disk, as last looked at. */
  readonly bytes: number;
}

/**
 * Ordered records with atomic batches. Goes on serving when the disk is lost: reads answer from what is on disk plus
 * what was written since, and writes are kept in memory (bounded) until the disk is back.
 */
export interface StorePort {
  /**
   * All or nothing, in the order of the calls; a later op on the same key wins. With `sync`, `ok` means that the batch is
   * on disk and survives a power cut; while the disk is lost it is refused as `lost`, and who can live with less commits
   * again without. Without `sync`, `ok` means that every later read sees it and that it survives the death of the process
   * (not of the machine) unless the state is `memory`. A batch in flight when the process is killed is kept whole or not
   * at all; that includes one just refused as `lost` whose process dies before the disk is back.
   * @throws TypeError for a value that is not JSON: a bug of the caller.
   */
  commit(ops: readonly StoreOp[], options?: { readonly sync?: boolean }): Promise<Result<void, StoreCode>>;
  /** Rejects when the record cannot be read (damaged, disk gone, store closed): never answers `undefined` for it. */
  get<V>(key: string): Promise<V | undefined>;
  /** As `get`, of what was put as bytes. */
  getBytes(key: string): Promise<Uint8Array | undefined>;
  /**
   * Entries in key order (byte order of UTF-8) whose values are JSON, as they stood at the first step: later commits are not seen. Only an
   * iteration that is under way when the store gets its disk back goes on, after its last key, with what is there then.
   * Rejects as `get` does.
   */
  entries<V>(range: Range): AsyncIterable<readonly [key: string, value: V]>;
  /** The same values some hundred at a time and without their keys: of very many, a step for each costs more than it reads. */
  pages<V>(range: Omit<Range, 'limit'>): AsyncIterable<readonly V[]>;
  /** How often the disk was opened: behind another opening may be what was not to be seen before, or another store. */
  readonly openings: number;
  health(): StoreHealth;
}
