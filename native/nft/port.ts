import type { NftElement, TableDeclaration } from './declaration.ts';

/** Addresses or networks side by side, in network byte order: a million cross to the engine in one copy. */
export interface PackedKeys {
  readonly family: 4 | 6;
  /** 4 or 16 bytes a key. */
  readonly bytes: Uint8Array;
  /** One a key, where the set is an interval set: networks without host bits then, aggregated. */
  readonly prefixes?: Uint8Array;
  /** Whole milliseconds to live, one a key; 0 for ever. */
  readonly timeouts?: Float64Array;
  /** 16 bytes a key: a UUID, which the element carries as its comment. */
  readonly ids?: Uint8Array;
}

/** A chain that the kernel calls by itself, whosever it is. */
export interface StandingBaseChain {
  readonly family: 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev' | 'unknown';
  readonly table: string;
  readonly name: string;
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress' | 'unknown';
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** `filter`, `nat` or `route`. */
  readonly type: string;
}

/**
 * What others did: another port or program. `changed` is one transaction of theirs; `lost` means that more happened than
 * could be told, and anything may have changed; `again`, that who tells was lost and is there again, so that nobody knows
 * whether anything did. What the kernel takes away because its time is over is no change.
 */
export type NftChange =
  | {
      readonly kind: 'changed';
      /** Who sent it, as the kernel knew it then. */
      readonly by: { readonly pid: number; readonly program: string };
      /** The watched table itself came, changed or went. */
      readonly tables: boolean;
      /** Chains or rules of the watched table. */
      readonly rules: boolean;
      /** Sets of the watched table that came or went or whose elements changed. */
      readonly sets: readonly string[];
      /** Elements deleted one by one or by a flush, at most 1,000. */
      readonly gone: readonly { readonly set: string; readonly key: string }[];
      /** Whether `gone` names every deleted element. Those of a set or table that went whole are not named. */
      readonly isAll: boolean;
      /** A chain of another table came, changed or went: `baseChains()` may answer differently now. */
      readonly elsewhere: boolean;
    }
  | { readonly kind: 'lost' | 'again' };

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

/** A failure names the errno (0 when refused before it was sent) and, where the kernel said so, the index of the op or key. */
export interface NftFailure {
  readonly ok: false;
  readonly code: NftCode;
  readonly public: string;
  readonly errno: number;
  readonly failedOp?: number;
  /** Of a `load`: so many keys from the first on were worked off and stand. */
  readonly loaded?: number;
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
 * the order of the calls; only a `load` lets those made after it go ahead. No call throws or rejects; a refused batch
 * changes nothing.
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
  /**
   * Adds any number of keys, up to 16,777,216, in chunks of some milliseconds, at most 10,000 keys each; calls made
   * meanwhile go ahead between two chunks. A key that is there keeps its timeout and comment. An unsound key is refused
   * before anything is sent; otherwise the first failure ends the load and says how many stand. The buffers are read
   * before the call returns. Closing the port ends a load with `closed`.
   */
  load(table: string, set: string, keys: PackedKeys): Promise<NftResult<void>>;
  /**
   * Looks up to 10,000 keys up one by one, without reading the set; the answers in their order, `undefined` for what is
   * not there. Of an interval set: the very network.
   */
  find(table: string, set: string, keys: readonly string[]): Promise<NftResult<readonly (NftElement | undefined)[]>>;
  /**
   * How many elements a set holds, where the kernel tells without being asked for them all (6.16 and later); elements
   * whose time is over count until the kernel has taken them away. `unknown` before, and of an interval set.
   */
  count(table: string, set: string): Promise<NftResult<number | 'unknown'>>;
  /**
   * A hash of the table's flags, chains and rules as the kernel holds them, without handles and without what counters
   * counted: the same after the same `ensure`, another when somebody changed a rule.
   */
  fingerprint(table: string): Promise<NftResult<string>>;
  /** The base chains of all tables and families. */
  baseChains(): Promise<NftResult<readonly StandingBaseChain[]>>;
  /**
   * Tells what others change in the table, and that chains of other tables changed, until the returned function is
   * called or the port is closed. A watch does not keep the process alive. While the port loads, changes are found
   * afterwards, as `lost`.
   */
  watch(table: string, seen: (change: NftChange) => void): Promise<NftResult<() => void>>;
  /** The set's elements, unordered; networks of an interval set as CIDR. */
  list(table: string, set: string): Promise<NftResult<readonly NftElement[]>>;
  /** The counters that rules use, by the first rule that uses each, in declaration order. */
  counters(table: string): Promise<NftResult<readonly RuleCounter[]>>;
  /** Addresses on the interfaces of the namespace, canonical, without prefix. Needs no privilege. */
  localAddresses(): Promise<NftResult<readonly string[]>>;
  /** Waits for calls in flight, then frees thread and socket. Idempotent. */
  close(): Promise<void>;
}
