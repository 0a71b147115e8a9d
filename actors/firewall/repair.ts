import type { Ip } from '../../core/base/ip.ts';
import { ALLOWED_SETS, allowedOps, letInBy } from './allowed.ts';
import { commitGroups, orThrow } from './batches.ts';
import type { Damage } from './damage.ts';
import { putOps } from './elements.ts';
import { networkOps } from './networks.ts';
import { bringBlocks, type SyncDeps } from './sync.ts';
import { BLOCKED_NETWORK_SETS, BLOCKED_SETS } from './table.ts';

/** Whether damage is so great, or so little known, that all of the kernel has to be brought in line. */
export const isWhole = ({ isTotal, table }: Damage): boolean => isTotal || table;

/**
 * Mends what is known to be broken and leaves the rest alone: rules that were changed, keys that are gone from a set. A trial
 * is held for what is left of it.
 * @returns whether the kernel holds or may hold blocks that nobody knows of
 * @throws Error with the kernel's words; the damage is to be taken for total then
 */
export async function repair(deps: SyncDeps, { rules, sets }: Damage): Promise<{ readonly hasStrangers: boolean }> {
  const { place, desired, now } = deps;
  const touched = [...sets.keys()];
  const isOf = (names: readonly string[]): boolean => touched.some((set) => names.includes(set));
  const shared = [...ALLOWED_SETS, ...BLOCKED_SETS, ...BLOCKED_NETWORK_SETS];
  // Sets of the content and of a trial follow from the rules' declaration.
  if (rules || !touched.every((set) => shared.includes(set))) orThrow(await deps.rules());
  orThrow(await deps.mendLists(sets));
  if (isOf(ALLOWED_SETS)) orThrow(await place.nft.commit(place.table, allowedOps(letInBy(desired))));
  if (isOf(BLOCKED_NETWORK_SETS)) {
    orThrow(await place.nft.commit(place.table, networkOps([...desired.networks()], now())));
  }
  const blocked = BLOCKED_SETS.flatMap((set) => sets.get(set) ?? []);
  if (blocked.length === 0) return { hasStrangers: false };
  if (blocked.some((keys) => typeof keys === 'string')) return bringBlocks(deps);
  const gone = blocked.flatMap((keys) => [...keys]);
  const wanted = gone.flatMap((ip) => desired.blockOf(ip as Ip) ?? []);
  orThrow(
    await commitGroups(
      place.nft,
      place.table,
      wanted.map((block) => putOps(block, now())),
    ),
  );
  return { hasStrangers: false };
}
