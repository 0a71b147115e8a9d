import type { Fate } from './port.ts';

/** Far ahead of the rules, and right behind them. */
const PLACES = { ahead: -400, behind: -189 } as const;

export interface WitnessOptions {
  /** Name of their table, in family inet. */
  readonly table: string;
  /** What in a packet says that it is this one, as a condition of `nft`. In the order in which their fates are told. */
  readonly marks: readonly string[];
  /** Packets that came in by this device are counted alone, and end here, behind the rules. */
  readonly device?: string;
}

/** Rules for `nft -f` that count each packet ahead of the product's rules and behind them. */
export const witnesses = ({ table, marks, device }: WitnessOptions): string =>
  [
    `table inet ${table} {`,
    ...Object.entries(PLACES).flatMap(([place, priority]) => [
      `  chain ${place} {`,
      `    type filter hook prerouting priority ${priority}; policy accept;`,
      ...(device === undefined ? [] : [`    iifname != "${device}" accept`]),
      ...marks.map((mark, i) => `    ${mark} counter comment "${i}"`),
      ...(device === undefined || place === 'ahead' ? [] : ['    drop']),
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
  return Array.from({ length: count }, (_, i) =>
    !seen.has(`ahead ${i}`) ? 'unsent' : seen.has(`behind ${i}`) ? 'passes' : 'dropped',
  );
}

function rulesIn(text: string): readonly ListedRule[] {
  try {
    const { nftables } = JSON.parse(text) as { readonly nftables?: readonly { readonly rule?: ListedRule }[] };
    return Array.isArray(nftables) ? nftables.flatMap((one: { readonly rule?: ListedRule }) => one?.rule ?? []) : [];
  } catch {
    return [];
  }
}
