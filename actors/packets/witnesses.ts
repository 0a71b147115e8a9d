import type { Fate } from './port.ts';

/** A packet that is watched. */
export interface Watched {
  /** What in it says that it is this one, as conditions of `nft`. */
  readonly mark: string;
  /** Behind which rules it has got through: those that all packets meet, or those of packets to this host as well. */
  readonly past: 'all' | 'host';
}

/** Far ahead of the rules; right behind those that all packets meet; right behind those of packets to this host. */
const PLACES = [
  { chain: 'ahead', hook: 'prerouting', priority: -400, sees: () => true },
  { chain: 'behind', hook: 'prerouting', priority: -189, sees: ({ past }: Watched) => past === 'all' },
  { chain: 'inside', hook: 'input', priority: -4, sees: ({ past }: Watched) => past === 'host' },
] as const;

export interface WitnessOptions {
  /** Name of their table, in family inet. */
  readonly table: string;
  /** In the order in which their fates are told. */
  readonly watched: readonly Watched[];
  /** Packets that came in by this device are counted alone, and end behind the rules that all meet. */
  readonly device?: string;
}

/** Rules for `nft -f` that count each packet ahead of the product's rules and behind them. */
export const witnesses = ({ table, watched, device }: WitnessOptions): string =>
  [
    `table inet ${table} {`,
    ...PLACES.flatMap(({ chain, hook, priority, sees }) => [
      `  chain ${chain} {`,
      `    type filter hook ${hook} priority ${priority}; policy accept;`,
      ...(device === undefined ? [] : [`    iifname != "${device}" accept`]),
      ...watched.flatMap((one, i) => (sees(one) ? [`    ${one.mark} counter comment "${i}"`] : [])),
      ...(device === undefined || chain === 'ahead' ? [] : ['    drop']),
      '  }',
    ]),
    '}',
    '',
  ].join('\n');

interface ListedRule {
  readonly chain?: string;
  readonly comment?: string;
  readonly expr?: readonly { readonly counter?: { readonly packets?: number } }[];
}

/** What the witnesses have seen, as `nft -j` tells it. What it does not tell was not seen. */
export function fatesIn(text: string, count: number): readonly Fate[] {
  const seen = new Set(
    rulesIn(text).flatMap(({ chain, comment, expr = [] }) =>
      expr.some(({ counter }) => (counter?.packets ?? 0) > 0) ? [`${chain} ${comment}`] : [],
    ),
  );
  return Array.from({ length: count }, (_, i) => {
    if (!seen.has(`ahead ${i}`)) return 'unsent';
    return seen.has(`behind ${i}`) || seen.has(`inside ${i}`) ? 'passes' : 'dropped';
  });
}

function rulesIn(text: string): readonly ListedRule[] {
  try {
    const { nftables } = JSON.parse(text) as { readonly nftables?: readonly { readonly rule?: ListedRule }[] };
    return Array.isArray(nftables) ? nftables.flatMap((one: { readonly rule?: ListedRule }) => one?.rule ?? []) : [];
  } catch {
    return [];
  }
}
