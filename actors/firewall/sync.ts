import type { NftPort, NftResult } from '../../native/nft/index.ts';
import { allowedOps, letInBy } from './allowed.ts';
import { commitGroups, orThrow } from './batches.ts';
import { lackingOf, loadBlocks } from './bulk.ts';
import type { GoneKeys } from './damage.ts';
import { putOps } from './elements.ts';
import { networkFrom, networkOps } from './networks.ts';
import type { KernelNetwork } from './port.ts';
import { type BlocksOutcome, type ReadBackDeps, readBack } from './read-back.ts';
import { BLOCKED_NETWORK_SETS, BLOCKED_SETS } from './table.ts';

/** More blocks than this are looked up and loaded; to read the sets back would take too long. */
const MANY = 10_000;

export interface SyncDeps extends ReadBackDeps {
  /** Brings rules and networks in line, a trial's among them. */
  readonly rules: () => Promise<NftResult<void>>;
  /** Called when there is a table and before anything in it is looked at. */
  readonly watched: () => Promise<void>;
  /** Mends sets of lists. */
  readonly mendLists: (damaged: ReadonlyMap<string, GoneKeys>) => Promise<NftResult<void>>;
}

export interface SyncOutcome extends BlocksOutcome {
  /** Whether the kernel holds or may hold blocks that nobody knows of: `readBack` finds out, when there is time. */
  readonly hasStrangers: boolean;
}

/**
 * Makes the kernel hold what is desired: rules and networks of the content and of a trial, for what is left of that, what
 * is allowed, then networks and blocks. Few blocks are read back at once (`readBack`). Of many the missing ones are put in
 * first, and what is too much is left for later: it drops packets as it did before.
 * @throws Error with the kernel's words when a step fails; what was done stays done and the next sync goes on from there
 */
export async function sync(deps: SyncDeps): Promise<SyncOutcome> {
  const { rules, watched, desired, now } = deps;
  const { nft, table } = deps.place;
  const stood = await stands(nft, table);
  orThrow(await rules());
  await watched();
  orThrow(await nft.commit(table, allowedOps(letInBy(desired))));
  const networks = await unknownNetworks(deps);
  await desired.adoptNetworks(networks);
  orThrow(await nft.commit(table, networkOps([...desired.networks()], now())));
  const blocks = await bringBlocks(deps, !stood);
  return { ...blocks, adopted: blocks.adopted + networks.length };
}

/** Makes the blocked sets hold what is desired. @param isNew nothing was there before */
export async function bringBlocks(deps: ReadBackDeps, isNew = false): Promise<SyncOutcome> {
  const { place, desired } = deps;
  const count = desired.blockCount();
  const there = isNew ? 0 : await heldCount(place.nft, place.table);
  const isMany = Math.max(count, there === 'unknown' ? 0 : there) > MANY;
  // Who finds no room is known only to who has read all of it.
  if (!isMany || count > place.maxBlocks) return { ...(await readBack(deps)), hasStrangers: false };
  const added = there === 0 ? await loadBlocks(deps, desired.blocks()) : await addLacking(deps);
  if (!added.ok && added.code === 'full') return { ...(await readBack(deps)), hasStrangers: false };
  const after = isNew ? 0 : await heldCount(place.nft, place.table);
  const hasStrangers = after === 'unknown' || after > desired.blockCount();
  return { added: orThrow(added), removed: 0, adopted: 0, refused: 0, hasStrangers };
}

async function addLacking(deps: ReadBackDeps): Promise<NftResult<number>> {
  const { place, desired, now } = deps;
  const lacking = await lackingOf(deps, desired.blocks());
  if (!lacking.ok) return lacking;
  const { absent, outdated } = lacking.value;
  const loaded = await loadBlocks(deps, absent);
  if (!loaded.ok) return loaded;
  const groups = outdated.filter(({ ip, id }) => desired.blockOf(ip)?.id === id).map((block) => putOps(block, now()));
  const replaced = await commitGroups(place.nft, place.table, groups);
  return replaced.ok ? { ok: true, value: loaded.value + outdated.length } : replaced;
}

async function stands(nft: NftPort, table: string): Promise<boolean> {
  const read = await nft.counters(table);
  if (!read.ok && read.code !== 'missing') throw new Error(read.public);
  return read.ok;
}

/** Elements of the blocked sets, as far as this kernel counts them. */
export async function heldCount(nft: NftPort, table: string): Promise<number | 'unknown'> {
  let sum = 0;
  for (const set of BLOCKED_SETS) {
    const count = orThrow(await nft.count(table, set));
    if (count === 'unknown') return count;
    sum += count;
  }
  return sum;
}

/** Networks that the kernel holds for decisions nobody knows of. */
async function unknownNetworks({ place: { nft, table }, desired, now }: SyncDeps): Promise<readonly KernelNetwork[]> {
  const known = new Set([...desired.networks()].map(({ id }) => id));
  const unknown = new Map<string, KernelNetwork>();
  for (const set of BLOCKED_NETWORK_SETS) {
    for (const element of orThrow(await nft.list(table, set))) {
      const network = networkFrom(element, now());
      if (network === undefined || known.has(network.id) || (await desired.hasEnded(network.id))) continue;
      unknown.set(network.network, network);
    }
  }
  return [...unknown.values()];
}
