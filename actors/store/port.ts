import type { Result } from '../../core/base/result.ts';

/** Values are JSON. A key is made by a codec of `core/keys`; nobody else builds one. */
export type StoreOp = { readonly put: string; readonly value: unknown } | { readonly del: string };

export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** `lost`: the disk is gone, full or read-only; nothing of the batch was kept. `closed`: stopped. */
export type StoreCode = 'lost' | 'closed';

export interface StoreHealth {
  /** `memory`: the disk is lost and records live until the process ends. */
  readonly state: 'ok' | 'repaired' | 'memory';
  readonly message?: string;
  readonly bytes: number;
}

/**
 * Ordered records with atomic batches. Never refuses to serve: when the disk is lost it goes on in memory, says so in
 * `health()` and tells `onDamage` once, so that a finding can be raised.
 */
export interface StorePort {
  /** All or nothing. `sync` waits for the disk: for what was acknowledged to somebody. */
  commit(ops: readonly StoreOp[], options?: { readonly sync?: boolean }): Promise<Result<void, StoreCode>>;
  get<V>(key: string): Promise<V | undefined>;
  /** Entries in key order (byte order of UTF-8). */
  entries<V>(range: Range): AsyncIterable<readonly [key: string, value: V]>;
  health(): StoreHealth;
}
