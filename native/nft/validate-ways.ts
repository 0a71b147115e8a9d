import type { ChainDeclaration } from './declaration.ts';
import { refuse } from './failure.ts';
import type { NftFailure } from './port.ts';
import { targetsOf } from './rules.ts';

/** Chains that a packet may go on to one behind the other: what the kernel keeps room for. */
const MAX_JUMPS = 15;
/** Ways through all chains. The kernel walks each when rules are loaded, so their number is bounded. */
const MAX_WAYS = 65_536;

interface Ways {
  /** The most jumps from here. */
  readonly jumps: number;
  readonly count: number;
}

/** Chains that lead packets round, too deep or too manifold. */
export function checkWays(chains: readonly ChainDeclaration[]): NftFailure | undefined {
  const byName = new Map(chains.map((chain) => [chain.name, chain]));
  const known = new Map<string, Ways>();
  const walk = (name: string, above: readonly string[]): Ways | NftFailure => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const path = [...above, name];
    if (above.includes(name)) return refuse(`chains lead packets round: ${path.slice(path.indexOf(name)).join(', ')}`);
    let [jumps, count] = [0, 1];
    for (const target of targetsOf(byName.get(name) ?? { name, rules: [] })) {
      const on = walk(target, path);
      if ('ok' in on) return on;
      jumps = Math.max(jumps, on.jumps + 1);
      count = Math.min(MAX_WAYS + 1, count + on.count);
    }
    const ways = { jumps, count };
    known.set(name, ways);
    return ways;
  };
  let all = 0;
  for (const { name } of chains) {
    const ways = walk(name, []);
    if ('ok' in ways) return ways;
    if (ways.jumps > MAX_JUMPS) return refuse(`chain ${name} leads more than ${MAX_JUMPS} jumps deep`);
    all += ways.count;
    if (all > MAX_WAYS) return refuse(`chain ${name}: there are more than ${MAX_WAYS} ways through the chains`);
  }
  return undefined;
}
