import type { NftElement, TableDeclaration } from './declaration.ts';

export type NftOp =
  | ({ readonly kind: 'add'; readonly set: string } & NftElement)
  | { readonly kind: 'delete'; readonly set: string; readonly key: string }
  | { readonly kind: 'flush'; readonly set: string };

/**
 * `denied` EPERM, `busy` EBUSY, `exists` EEXIST, or ENOTEMPTY of a network that overlaps another in the set (aggregate
 * first), `missing` ENOENT (table, set or element), `full` ENFILE/ENOSPC, `resync` the kernel's state is unknown (ENOBUFS,
 * a lost answer): read it back, `invalid` refused before it was sent, `closed` the port was closed, `rejected` any other
 * errno.
 */
export type NftCode = 'denied' | 'busy' | 'exists' | 'missing' | 'full' | 'resync' | 'invalid' | 'closed' | 'rejected';

/** A failure names the errno (0 when refused before it was sent) and, where the kernel said so, the index of the op. */
export interface NftFailure {
  readonly ok: false;
  readonly code: NftCode;
  readonly public: string;
  readonly errno: number;
  readonly failedOp?: number;
}

export type NftResult<V> = { readonly ok: true; readonly value: V } | NftFailure;

/** What the rules that share a counter have counted together. */
export interface RuleCounter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * nftables of one network namespace, table family `inet`. Every call runs off the event loop on the port's own thread, in
 * the order of the calls. No call throws or rejects; a refused batch changes nothing.
 */
export interface NftPort {
  /**
   * Makes the table be as declared. What stands already with the same shape keeps its elements; rules are replaced in
   * the same transaction, so no packet meets a half-built chain: each goes by the old rules or by the new ones. A set of
   * another shape is dropped and made anew. Counters keep what they have counted while a rule uses them, and go with the
   * last one. Sets that begin with elements are made ahead; where the rules are refused then,
   * they stay behind, used by nobody, until the next `ensure`.
   */
  ensure(table: TableDeclaration): Promise<NftResult<void>>;
  /** Removes the table with all in it; a missing table is success. */
  drop(table: string): Promise<NftResult<void>>;
  /**
   * All of `ops` in one transaction, at most 10,000. Adding an element that is there keeps the old one, timeout and
   * comment (delete and add in one batch replaces it).
   */
  commit(table: string, ops: readonly NftOp[]): Promise<NftResult<void>>;
  /** The set's elements, unordered; networks of an interval set as CIDR. */
  list(table: string, set: string): Promise<NftResult<readonly NftElement[]>>;
  /** The counters that rules use, by the first rule that uses each, in declaration order. */
  counters(table: string): Promise<NftResult<readonly RuleCounter[]>>;
  /** Addresses on the interfaces of the namespace, canonical, without prefix. Needs no privilege. */
  localAddresses(): Promise<NftResult<readonly string[]>>;
  /** Waits for calls in flight, then frees thread and socket. Idempotent. */
  close(): Promise<void>;
}
