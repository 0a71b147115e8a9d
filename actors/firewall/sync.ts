import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { NftPort, NftResult } from '../../native/nft/index.ts';
import { allowedOps, letInBy } from './allowed.ts';
import { commitGroups, orThrow } from './batches.ts';
import { blockFrom, putOps, removeOps, timeoutOf } from './elements.ts';
import { networkFrom, networkOps } from './networks.ts';
import type { DesiredBlocks, KernelBlock, KernelNetwork } from './port.ts';
import { BLOCKED_NETWORK_SETS, BLOCKED_SETS } from './table.ts';
import type { Place } from './trial.ts';

/** How far a timeout in the kernel may be off before it is set anew. */
const TIMEOUT_SLACK_MS = 2000;

export interface SyncDeps {
  readonly place: Place;
  /** Brings rules and networks in line, a trial's among them. */
  readonly rules: () => Promise<NftResult<void>>;
  readonly desired: DesiredBlocks;
  readonly now: () => Millis;
}

export interface SyncOutcome {
  readonly added: number;
  readonly removed: number;
  readonly adopted: number;
  readonly refused: number;
}

/**
 * Makes the kernel hold what is desired: rules and networks of the content and of a trial, for what is left of that, what
 * is allowed, then networks and blocks. Elements of unknown decisions are adopted, those of ended decisions and those without an id are removed, missing ones added, newest first,
 * as far as there is room.
 * @throws Error with the kernel's words when a step fails; what was done stays done and the next sync goes on from there
 */
export async function sync(deps: SyncDeps): Promise<SyncOutcome> {
  const { rules, desired, now } = deps;
  const { nft, table, maxBlocks } = deps.place;
  orThrow(await rules());
  orThrow(await nft.commit(table, allowedOps(letInBy(desired))));
  const networks = await unknownNetworks(deps);
  await desired.adoptNetworks(networks);
  orThrow(await nft.commit(table, networkOps([...desired.networks()], now())));
  const { held, strangers } = await readBack(nft, table, now);
  const { leftovers, unknown } = await sort(held.values(), desired);
  await desired.adopt(unknown);
  const removals = [...strangers, ...leftovers].filter((key) => desired.blockOf(key as Ip) === undefined);
  const going = new Set(removals);
  const kept = [...held.keys()].filter((ip) => !going.has(ip));
  const missing = [...desired.blocks()].filter((block) => !isHeld(block, held.get(block.ip), now()));
  const overflow = withoutRoom(missing, kept, maxBlocks);
  await desired.refuse([...overflow], `the kernel set is full: firewall.max_blocks is ${maxBlocks}`);
  const additions = missing.filter((block) => !overflow.has(block));
  const groups = [...removals.map(removeOps), ...additions.map((block) => putOps(block, now()))];
  orThrow(await commitGroups(nft, table, groups));
  return {
    added: additions.length,
    removed: removals.length,
    adopted: unknown.length + networks.length,
    refused: overflow.size,
  };
}

async function readBack(nft: NftPort, table: string, now: () => Millis) {
  const held = new Map<Ip, KernelBlock>();
  /** Elements that carry no decision's id. */
  const strangers: string[] = [];
  for (const set of BLOCKED_SETS) {
    for (const element of orThrow(await nft.list(table, set))) {
      const { block, key } = blockFrom(element, now());
      if (block === undefined) strangers.push(key);
      else held.set(block.ip, block);
    }
  }
  return { held, strangers };
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

/** What the kernel holds beyond what is desired: of decisions that have ended, and of decisions nobody knows. */
async function sort(held: Iterable<KernelBlock>, desired: DesiredBlocks) {
  const leftovers: string[] = [];
  const unknown: KernelBlock[] = [];
  for (const block of held) {
    if (desired.blockOf(block.ip) !== undefined) continue;
    if (await desired.hasEnded(block.id)) leftovers.push(block.ip);
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

function isHeld(wanted: KernelBlock, held: KernelBlock | undefined, now: Millis): boolean {
  if (held === undefined || held.id !== wanted.id) return false;
  const left = timeoutOf(wanted.expiresAt, now);
  if (held.expiresAt === 'never' || left === 'never') return held.expiresAt === left;
  return Math.abs(held.expiresAt - now - left) <= TIMEOUT_SLACK_MS;
}
