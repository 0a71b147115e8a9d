import { refuse } from './failure.ts';
import { shorten } from './keys.ts';
import type { NftFailure } from './port.ts';

/** What names tables, chains, sets and counters: the engine takes no other. */
export const NAME = /^[A-Za-z0-9_]{1,31}$/;

export const checkName = (what: string, name: string): NftFailure | undefined =>
  NAME.test(name) ? undefined : refuse(`${what} "${shorten(name)}" must be 1-31 of A-Z a-z 0-9 _`);

export function checkDistinct(what: string, named: readonly { readonly name: string }[]): NftFailure | undefined {
  const seen = new Set<string>();
  return firstRefusal(named, ({ name }) => {
    if (seen.has(name)) return refuse(`two ${what}s are named ${shorten(name)}`);
    seen.add(name);
    return undefined;
  });
}

export function firstRefusal<T>(
  all: readonly T[],
  check: (one: T, index: number) => NftFailure | undefined,
): NftFailure | undefined {
  for (const [i, one] of all.entries()) {
    const refused = check(one, i);
    if (refused !== undefined) return refused;
  }
  return undefined;
}
