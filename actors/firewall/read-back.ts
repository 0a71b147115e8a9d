import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { NftElement, NftPort } from '../../native/nft/index.ts';
import { commitGroups, orThrow } from './batches.ts';
import { blockFrom, isHeld, putOps, removeOps } from './elements.ts';
import type { DesiredBlocks, KernelBlock } from './port.ts';
import { BLOCKED_SETS } from './table.ts';
import type { Place } from './trial.ts';

export interface ReadBackDeps {
  readonly place: Place;
  readonly desired: DesiredBlocks;
  readonly now: () => Millis;
}

/** What was done to the blocked sets. */
export interface BlocksOutcome {
  readonly added: number;
  readonly removed: number;
  readonly adopted: number;
  readonly refused: number;
}

/**
 * Reads the blocked sets and makes them hold exactly what is desired: elements of unknown decisions are adopted, those of
 * ended decisions and those without an id are removed, missing ones added, newest first, as far as there is room. The
 * reading takes the kernel seconds where there are hundreds of thousands; what is decided meanwhile is not undone by it.
 * @param reader what it is read through, where that is not to hold up other calls
 * @throws Error with the kernel's words
 */
export async function readBack(
  { place, desired, now }: ReadBackDeps,
  reader: Pick<NftPort, 'list'> = place.nft,
): Promise<BlocksOutcome> {
  const { nft, table, maxBlocks } = place;
  const { held, strangers } = await read(reader, table);
  const { leftovers, unknown } = await sort(held, desired, now);
  await desired.adopt(unknown);
  const removals = [...strangers, ...leftovers].filter((key) => desired.blockOf(key as Ip) === undefined);
  const going = new Set(removals);
  const kept = [...held.keys()].filter((ip) => !going.has(ip));
  const missing = [...desired.blocks()].filter((block) => !isHeld(block, held.get(block.ip), now()));
  const overflow = withoutRoom(missing, kept, maxBlocks);
  await desired.refuse([...overflow], fullText(maxBlocks));
  // A decision that has ended since they were read is not put back.
  const additions = missing.filter((block) => !overflow.has(block) && desired.blockOf(block.ip)?.id === block.id);
  const groups = [...removals.map(removeOps), ...additions.map((block) => putOps(block, now()))];
  orThrow(await commitGroups(nft, table, groups));
  return { added: additions.length, removed: removals.length, adopted: unknown.length, refused: overflow.size };
}

async function read(nft: Pick<NftPort, 'list'>, table: string) {
  const held = new Map<Ip, NftElement>();
  /** Elements that carry no decision's id. */
  const strangers: string[] = [];
  for (const set of BLOCKED_SETS) {
    for (const element of orThrow(await nft.list(table, set))) {
      const { block, key } = blockFrom(element, 0 as Millis);
      if (block === undefined) strangers.push(key);
      else held.set(block.ip, element);
    }
  }
  return { held, strangers };
}

/** What the kernel holds beyond what is desired: of decisions that have ended, and of decisions nobody knows. */
async function sort(held: ReadonlyMap<Ip, NftElement>, desired: DesiredBlocks, now: () => Millis) {
  const leftovers: string[] = [];
  const unknown: KernelBlock[] = [];
  for (const [ip, element] of held) {
    if (desired.blockOf(ip) !== undefined) continue;
    const { block } = blockFrom(element, now());
    if (block === undefined) continue;
    if (await desired.hasEnded(block.id)) leftovers.push(ip);
    else unknown.push(block);
  }
  return { leftovers, unknown };
}

/** Those of `missing` that a set has no room for beside what it keeps: the oldest, by their ids. */
function withoutRoom(missing: readonly KernelBlock[], kept: readonly Ip[], capacity: number): ReadonlySet<KernelBlock> {
  const there = new Set(kept);
  const overflow = [true, false].flatMap((isSix) => {
    const ofFamily = (ip: string): boolean => ip.includes(':') === isSix;
    const fresh = missing.filter(({ ip }) => ofFamily(ip) && !there.has(ip));
    const room = capacity - kept.filter(ofFamily).length;
    return fresh.length <= room ? [] : fresh.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(Math.max(0, room));
  });
  return new Set(overflow);
}

/** Why a block is refused that a set has no room for. */
export const fullText = (maxBlocks: number): string => `the kernel set is full: firewall.max_blocks is ${maxBlocks}`;
