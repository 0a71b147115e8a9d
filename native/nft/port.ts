import type { Millis } from '../../core/base/time.ts';

/** A named set of addresses. `interval` sets take networks, the others single addresses. */
export interface SetDeclaration {
  readonly name: string;
  /** Of the addresses; a set of `either` holds families instead, and its elements are `ipv4` and `ipv6`. */
  readonly family: 4 | 6 | 'either';
  readonly interval: boolean;
  /** Elements may carry a timeout. */
  readonly timeout: boolean;
  /** Capacity; a hash set declared with one loads five times faster. 1..16,777,216; interval sets have none. */
  readonly size?: number;
  /**
   * What it begins with: no packet meets it empty, unless it stood before in another shape. A set that stands already keeps
   * what it holds. At most 65,536 in all sets of a table, distinct, networks without overlap.
   */
  readonly elements?: readonly NftElement[];
}

/** A rule of a closed vocabulary, in the order of evaluation. */
export type RuleDeclaration =
  | { readonly match: 'iif'; readonly name: string; readonly verdict: 'accept' | 'drop' }
  | {
      readonly match: 'saddr';
      readonly set: string;
      readonly verdict: 'accept' | 'drop';
      /** Count packets and bytes at this rule; read back by `counters()` under this name. */
      readonly counter?: string;
    }
  | {
      /** The packet's own family is in the set, which is one of `either`. */
      readonly match: 'family';
      readonly set: string;
      readonly verdict: 'goto';
      /** A chain without a hook. Packets go on there and do not come back. */
      readonly chain: string;
    };

/** A chain that packets come to where the kernel calls it, or, without a hook, where a rule sends them. */
export type ChainDeclaration = BaseChain | HooklessChain;

export interface BaseChain {
  readonly name: string;
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output';
  readonly priority: number;
  readonly rules: readonly RuleDeclaration[];
}

/** Its rules go to no other chain. */
export interface HooklessChain {
  readonly name: string;
  readonly hook?: never;
  readonly rules: readonly RuleDeclaration[];
}

/** The whole of one `inet` table. */
export interface TableDeclaration {
  readonly name: string;
  readonly sets: readonly SetDeclaration[];
  readonly chains: readonly ChainDeclaration[];
}

export interface NftElement {
  /** Canonical address, `address/prefix` in an interval set, a family in a set of `either`. */
  readonly key: string;
  /** Time left when read, or to live when added; `never` without a timeout. */
  readonly timeout: Millis | 'never';
  /** ≤ 128 bytes UTF-8, shown by `nft list`. A block carries its decision id. */
  readonly comment?: string;
}

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
   * another shape is dropped and made anew. Sets that begin with elements are made ahead; where the rules are refused then,
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
  /** Counters of rules that declare one, in declaration order. */
  counters(table: string): Promise<NftResult<readonly RuleCounter[]>>;
  /** Addresses on the interfaces of the namespace, canonical, without prefix. Needs no privilege. */
  localAddresses(): Promise<NftResult<readonly string[]>>;
  /** Waits for calls in flight, then frees thread and socket. Idempotent. */
  close(): Promise<void>;
}
