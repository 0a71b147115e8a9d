import { aggregate } from '../../core/base/aggregate.ts';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { NftOp, SetDeclaration, TableDeclaration } from '../../native/nft/index.ts';

/** Between conntrack (-200) and mangle (-150): ahead of every accept for established connections, forwarded traffic included. */
const GUARD_PRIORITY = -190;

const FAMILIES = [4, 6] as const;

/** The set an address of this family is blocked in. */
export const blockedSet = (family: 4 | 6): string => `blocked${family}`;
/** The set a network of this family is blocked in. */
export const blockedNetworkSet = (family: 4 | 6): string => `blocked_nets${family}`;
const infraSet = (family: 4 | 6): string => `infra${family}`;
const allowedSet = (family: 4 | 6): string => `allowed${family}`;

export const BLOCKED_SETS: readonly string[] = FAMILIES.map(blockedSet);
export const BLOCKED_NETWORK_SETS: readonly string[] = FAMILIES.map(blockedNetworkSet);

/**
 * The product's whole table. Infra and allowed stand before what is blocked, so that no block can ever cut them; everything
 * else passes on to whatever other tables decide.
 */
export function tableOf(name: string, capacity: number): TableDeclaration {
  const networks = (set: string, family: 4 | 6, timeout = false): SetDeclaration => ({
    name: set,
    family,
    interval: true,
    timeout,
  });
  return {
    name,
    sets: FAMILIES.flatMap((family) => [
      networks(infraSet(family), family),
      networks(allowedSet(family), family),
      { name: blockedSet(family), family, interval: false, timeout: true, size: capacity },
      networks(blockedNetworkSet(family), family, true),
    ]),
    chains: [
      {
        name: 'guard',
        hook: 'prerouting',
        priority: GUARD_PRIORITY,
        rules: [
          { match: 'iif', name: 'lo', verdict: 'accept' },
          ...FAMILIES.map((family) => ({ match: 'saddr', set: infraSet(family), verdict: 'accept' }) as const),
          ...FAMILIES.map((family) => ({ match: 'saddr', set: allowedSet(family), verdict: 'accept' }) as const),
          ...[...BLOCKED_SETS, ...BLOCKED_NETWORK_SETS].map(
            (set) => ({ match: 'saddr', set, verdict: 'drop', counter: set }) as const,
          ),
        ],
      },
    ],
  };
}

/** Makes the infra sets hold exactly `infra`, in one transaction. Entries were validated where they came in. */
export function infraOps(infra: readonly string[]): readonly NftOp[] {
  const networks = infra.flatMap((entry) => {
    const net = parseCidr(entry);
    return net.ok ? [net.value] : [];
  });
  return fillOps(infraSet, networks);
}

/** Makes the allowed sets hold exactly these networks, in one transaction. */
export const allowedOps = (networks: readonly Cidr[]): readonly NftOp[] => fillOps(allowedSet, networks);

/** Interval sets refuse overlaps, so what overlaps is joined. */
const fillOps = (setOf: (family: 4 | 6) => string, networks: readonly Cidr[]): readonly NftOp[] => [
  ...FAMILIES.map((family) => ({ kind: 'flush', set: setOf(family) }) as const),
  ...aggregate(networks).map(
    (net) => ({ kind: 'add', set: setOf(net.family), key: net.text, timeout: 'never' }) as const,
  ),
];

/** Names of the rules that count, in order: what a look at an untouched table finds. */
export const countersOf = (table: TableDeclaration): readonly string[] =>
  table.chains.flatMap(({ rules }) =>
    rules.flatMap((rule) => ('counter' in rule && rule.counter ? [rule.counter] : [])),
  );
