import type { Millis } from '../../core/base/time.ts';

/**
 * What the elements of a set are.
 *
 * | family | element | interval |
 * | --- | --- | --- |
 * | `4`, `6` | `192.0.2.1`; a network in an interval set | may be |
 * | `either` | `ipv4` or `ipv6`: the family of a packet | no |
 * | `port` | `22`; `30000-40000` as well in an interval set | may be |
 * | `4+port`, `6+port` | `192.0.2.1 . tcp . 443`: source, `tcp` or `udp`, destination port | no |
 */
export type SetFamily = 4 | 6 | 'either' | 'port' | '4+port' | '6+port';

/** A named set. `interval` sets take networks or ranges, the others single keys. */
export interface SetDeclaration {
  readonly name: string;
  readonly family: SetFamily;
  readonly interval: boolean;
  /** Elements may carry a timeout. */
  readonly timeout: boolean;
  /** Capacity; a hash set declared with one loads five times faster. 1..16,777,216; interval sets have none. */
  readonly size?: number;
  /**
   * A meter: one rule, a match `over` or `connections`, fills it with the sources that it counts, and nobody else. Of
   * addresses, with a size; with `timeout` for `over`, without for `connections`. Made anew when what that rule allows
   * changes. A source that finds it full is not counted, and so not held back.
   */
  readonly dynamic?: boolean;
  /** Each element counts the packets and bytes that found it. */
  readonly counters?: boolean;
  /**
   * What it begins with: no packet meets it empty, unless it stood before in another shape. A set that stands already keeps
   * what it holds. At most 65,536 in all sets of a table, distinct, networks without overlap.
   */
  readonly elements?: readonly NftElement[];
}

export interface NftElement {
  /** Canonical: see `SetFamily`. Networks are `address/prefix`. */
  readonly key: string;
  /** Time left when read, or to live when added; `never` without a timeout. */
  readonly timeout: Millis | 'never';
  /** ≤ 128 bytes UTF-8, shown by `nft list`. A block carries its decision id. */
  readonly comment?: string;
  /** When read from a set that counts: what met the element so far. */
  readonly packets?: number;
  readonly bytes?: number;
}

/**
 * So many packets in a span of time, by a token bucket that begins full: `burst` packets pass at once, then one each
 * `per / packets`. Time without packets fills the bucket again, up to `burst`. It takes at most a day to fill.
 */
export interface Rate {
  /** 1..1,000,000. */
  readonly packets: number;
  readonly per: 'second' | 'minute' | 'hour';
  /** 1..1,000,000. */
  readonly burst: number;
}

export type Protocol = 'tcp' | 'udp' | 'icmp' | 'icmpv6';
export type CtState = 'new' | 'established' | 'related' | 'invalid';
export type LogLevel = 'err' | 'warn' | 'notice' | 'info' | 'debug';

/** One condition of a rule. */
export type Match =
  /** Came in by the interface of this name. */
  | { readonly match: 'iif'; readonly name: string }
  /** Source or destination address in a set of addresses. */
  | { readonly match: 'saddr' | 'daddr'; readonly set: string }
  /** Source address, protocol and destination port in a set of `4+port` or `6+port`. */
  | { readonly match: 'saddr+port'; readonly set: string }
  /** The packet's own family is in the set, which is one of `either`. */
  | { readonly match: 'family'; readonly set: string }
  | { readonly match: 'nfproto'; readonly family: 4 | 6 }
  | { readonly match: 'protocol'; readonly protocol: Protocol }
  /** Destination port, 1..65535. */
  | { readonly match: 'dport'; readonly protocol: 'tcp' | 'udp'; readonly port: number }
  /** Destination port in a set of `port`. */
  | { readonly match: 'dport'; readonly protocol: 'tcp' | 'udp'; readonly set: string }
  /** The state of the connection is one of these, as conntrack has it (from priority -200 on). */
  | { readonly match: 'ct'; readonly states: readonly CtState[] }
  /** TCP that asks for a connection: of SYN, ACK, FIN and RST, SYN alone is set. */
  | { readonly match: 'syn' }
  /** ICMP, or ICMPv6 with family 6, of one of these types, 0..255. */
  | { readonly match: 'icmp'; readonly family: 4 | 6; readonly types: readonly number[] }
  /** The destination is an address of this host. */
  | { readonly match: 'local' }
  /** Beyond the rate of all packets that get so far in the rule. */
  | { readonly match: 'over'; readonly rate: Rate; readonly per?: never }
  /**
   * Beyond the rate of the source's packets that get so far in the rule. Sources are counted in the dynamic set `per`, IPv6
   * ones by their /64, and forgotten when the bucket must be full again.
   */
  | { readonly match: 'over'; readonly rate: Rate; readonly per: string }
  /**
   * The source, for IPv6 its /64, has more than so many connections (1..1,000,000) that conntrack knows, this one among
   * them. They are counted in the dynamic set `per`. For packets of state `new`.
   */
  | { readonly match: 'connections'; readonly over: number; readonly per: string };

/** A line a packet, `prefix` first, as far as the rate goes; to the kernel's log unless a group is named. */
export type LogDeclaration = {
  /** 1-63 of A-Z a-z 0-9, space and `_.:=-`. */
  readonly prefix: string;
  readonly rate: Rate;
} & (
  | { readonly level?: LogLevel; readonly group?: never }
  /** Whole packets to those who listen to this nflog group, 0..65535. */
  | { readonly level?: never; readonly group: number }
);

/**
 * Ends the packet's way through this base chain, unless it is `continue` (the next rule), `return` (the rule behind the one
 * that jumped here; at the end of a base chain: accept), or leads to a chain without a hook: `jump` and come back, or `goto`.
 */
export type VerdictDeclaration =
  | 'accept'
  | 'drop'
  | 'return'
  | 'continue'
  | { readonly goto: string }
  | { readonly jump: string };

/**
 * A rule: where all of `when` holds, in this order, it counts, logs and decides. No condition: every packet. The order
 * matters to `over` and `connections`, which count what gets to them.
 */
export interface RuleDeclaration {
  /** At most 16. They agree on one family and one protocol. */
  readonly when: readonly Match[];
  /** Packets and bytes, read back by `counters()` under this name. Rules may share one. */
  readonly counter?: string;
  /** Only with the verdict `continue`: what is beyond the rate of the log goes no further in the rule. */
  readonly log?: LogDeclaration;
  readonly verdict: VerdictDeclaration;
}

/** A chain that packets come to where the kernel calls it, or, without a hook, where a rule sends them. */
export type ChainDeclaration = BaseChain | HooklessChain;

export interface BaseChain {
  readonly name: string;
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output';
  readonly priority: number;
  readonly rules: readonly RuleDeclaration[];
}

export interface HooklessChain {
  readonly name: string;
  readonly hook?: never;
  readonly rules: readonly RuleDeclaration[];
}

/**
 * The whole of one `inet` table: at most 64 chains of 1,024 rules, 8,192 rules
 * in all, 65,536 conditions, 256 of several ICMP types, no way longer than 15 jumps.
 */
export interface TableDeclaration {
  readonly name: string;
  readonly sets: readonly SetDeclaration[];
  readonly chains: readonly ChainDeclaration[];
}
