import type { StandingBaseChain, TableDeclaration } from '../../native/nft/index.ts';

/** Families whose packets our chains are there for. */
const SAME_PACKETS: ReadonlySet<string> = new Set(['inet', 'ip', 'ip6', 'netdev']);

/** Of the packets that prove it: stands beside the table `name`, family inet, while some are on their way, and lets all pass. */
export const witnessTable = (name: string): string => `${name}_canary`;

/**
 * Chains of others that see packets before one of ours does. What they drop, divert or rewrite never comes to ours as it was
 * sent; what they accept does come. They are told of and left alone.
 */
export function chainsAhead(
  standing: readonly StandingBaseChain[],
  own: Pick<TableDeclaration, 'name' | 'chains'>,
): readonly StandingBaseChain[] {
  const priorities = new Map<string, number>();
  for (const { hook, priority } of own.chains.flatMap((chain) => (chain.hook === undefined ? [] : [chain]))) {
    priorities.set(hook, Math.min(priority, priorities.get(hook) ?? Number.POSITIVE_INFINITY));
  }
  const isOurs = (family: string, table: string): boolean =>
    family === 'inet' && (table === own.name || table === witnessTable(own.name));
  return standing.filter(({ family, table, hook, priority }) => {
    if (!SAME_PACKETS.has(family) || isOurs(family, table)) return false;
    if (hook === 'ingress') return true;
    const ours = priorities.get(hook);
    // Of two with the same priority the one that was there first comes first, and nobody tells which that is.
    return ours !== undefined && priority <= ours;
  });
}

/** `ip raw PREROUTING (prerouting -300)` */
export const nameOf = ({ family, table, name, hook, priority }: StandingBaseChain): string =>
  `${family} ${table} ${name} (${hook} ${priority})`;
