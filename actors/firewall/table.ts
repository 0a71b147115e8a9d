import { aggregate } from '../../core/base/aggregate.ts';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { NftOp, SetDeclaration, TableDeclaration } from '../../native/nft/index.ts';

/** Between conntrack (-200) and mangle (-150): ahead of every accept for established connections, forwarded traffic included. */
const GUARD_PRIORITY = -190;

const FAMILIES = [4, 6] as const;

/** The set an address of this family is blocked in. */
export const blockedSet = (family: 4 | 6): string => `blocked${family}`;
const infraSet = (family: 4 | 6): string => `infra${family}`;
const allowedSet = (family: 4 | 6): string => `allowed${family}`;

export const BLOCKED_SETS: readonly string[] = FAMILIES.map(blockedSet);

/**
 * The product's whole table. Infra and allowed stand before blocked, so that no block can ever cut them; everything else
 * passes on to whatever other tables decide.
 */
export function tableOf(name: string, capacity: number): TableDeclaration {
  const networks = (set: string, family: 4 | 6): SetDeclaration => ({
    name: set,
    family,
    interval: true,
    timeout: false,
  });
  return {
    name,
    sets: FAMILIES.flatMap((family) => [
      networks(infraSet(family), family),
      networks(allowedSet(family), family),
      { name: blockedSet(family), family, interval: false, timeout: true, size: capacity },
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
          ...FAMILIES.map((family) => {
            const set = blockedSet(family);
            return { match: 'saddr', set, verdict: 'drop', counter: set } as const;
          }),
        ],
      },
    ],
  };
}

/** Makes the infra sets hold exactly `infra`, in one transaction. Entries were validated where they came in. */
export function infraOps(infra: readonly string[]): readonly NftOp[] {
  const networks: Cidr[] = infra.flatMap((entry) => {
    const net = parseCidr(entry);
    return net.ok ? [net.value] : [];
  });
  return [
    ...FAMILIES.map((family) => ({ kind: 'flush', set: infraSet(family) }) as const),
    ...aggregate(networks).map(
      (net) => ({ kind: 'add', set: infraSet(net.family), key: net.text, timeout: 'never' }) as const,
    ),
  ];
}

/** Names of the rules that count, in order: what a look at an untouched table finds. */
export const countersOf = (table: TableDeclaration): readonly string[] =>
  table.chains.flatMap(({ rules }) =>
    rules.flatMap((rule) => ('counter' in rule && rule.counter ? [rule.counter] : [])),
  );
