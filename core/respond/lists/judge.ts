import { countOf, FAMILIES, type ListColumns, totalOf } from './columns.ts';

/** By how much a new generation may differ from the one in force, percent of that. */
export interface Growth {
  /** Of fewer it is held back. */
  readonly least: number;
  /** Of more it is held back. */
  readonly most: number;
}

/** Among so few entries a share says nothing. */
const FEW = 100;
/** So many addresses are never too many: a /16. */
const SMALL = 65_536;

/**
 * Why a new generation waits for a person's word, or nothing where it need not: a list that lost half of itself was cut
 * short somewhere, and one that is many times larger, in entries or in addresses, may cut many off.
 */
export function reasonToHold(before: ListColumns, after: ListColumns, { least, most }: Growth): string | undefined {
  const [was, is] = [totalOf(before), totalOf(after)];
  if (was === 0) return undefined;
  if (is === 0) return `it is empty and ${was} entries are in force`;
  const share = (is / was) * 100;
  if (Math.max(was, is) >= FEW && (share < least || share > most)) {
    return `it has ${is} entries, ${Math.round(share)} % of the ${was} in force`;
  }
  const [held, holds] = [covered(before), covered(after)];
  return holds > Math.max(SMALL, (held * most) / 100)
    ? `it covers ${holds} addresses, where ${held} are covered now`
    : undefined;
}

/** How many addresses are listed; an IPv6 /64 counts as one. */
function covered(columns: ListColumns): number {
  const counts = countOf(columns);
  return FAMILIES.reduce((sum, family) => {
    const width = family === 4 ? 32 : 64;
    const inNetworks = columns[family].prefixes.reduce((all, prefix) => all + 2 ** Math.max(0, width - prefix), 0);
    return sum + counts[family].addresses + inNetworks;
  }, 0);
}
