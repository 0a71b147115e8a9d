import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { NftOp, NftPort, NftResult, TableDeclaration } from '../../native/nft/index.ts';
import { blockFrom, putOps, removeOps, timeoutOf } from './elements.ts';
import { networkFrom, networkOps } from './networks.ts';
import type { DesiredBlocks, KernelBlock, KernelNetwork } from './port.ts';
import { allowedOps, BLOCKED_NETWORK_SETS, BLOCKED_SETS, infraOps } from './table.ts';

/** How far a timeout in the kernel may be off before it is set anew. */
const TIMEOUT_SLACK_MS = 2000;
/** Ops in one transaction; a larger one would hold single blocks back. */
const CHUNK = 10_000;

export interface SyncDeps {
  readonly nft: NftPort;
  readonly table: TableDeclaration;
  readonly infra: readonly string[];
  readonly desired: DesiredBlocks;
  /** Elements that each blocked set takes. */
  readonly capacity: number;
  readonly now: () => Millis;
}

export interface SyncOutcome {
  readonly added: number;
  readonly removed: number;
  readonly adopted: number;
  readonly refused: number;
}

/**
 * Makes the kernel hold what is desired: the table's shape, infra, what is allowed, then networks and blocks. Elements of unknown
 * decisions are adopted, those of ended decisions and those without an id are removed, missing ones added, newest first,
 * as far as there is room.
 * @throws Error with the kernel's words when a step fails; what was done stays done and the next sync goes on from there
 */
export async function sync(deps: SyncDeps): Promise<SyncOutcome> {
  const { nft, table, infra, desired, now } = deps;
  orThrow(await nft.ensure(table));
  orThrow(await nft.commit(table.name, infraOps(infra)));
  orThrow(await nft.commit(table.name, allowedOps(desired.allowed())));
  const networks = await unknownNetworks(deps);
  await desired.adoptNetworks(networks);
  orThrow(await nft.commit(table.name, networkOps([...desired.networks()], now())));
  const { held, strangers } = await readBack(nft, table.name, now);
  const { leftovers, unknown } = await sort(held.values(), desired);
  await desired.adopt(unknown);
  const removals = [...strangers, ...leftovers].filter((key) => desired.blockOf(key as Ip) === undefined);
  const going = new Set(removals);
  const kept = [...held.keys()].filter((ip) => !going.has(ip));
  const missing = [...desired.blocks()].filter((block) => !isHeld(block, held.get(block.ip), now()));
  const overflow = withoutRoom(missing, kept, deps.capacity);
  await desired.refuse([...overflow], `the kernel set is full: firewall.max_blocks is ${deps.capacity}`);
  const additions = missing.filter((block) => !overflow.has(block));
  const groups = [...removals.map(removeOps), ...additions.map((block) => putOps(block, now()))];
  orThrow(await commitGroups(nft, table.name, groups));
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
async function unknownNetworks({ nft, table, desired, now }: SyncDeps): Promise<readonly KernelNetwork[]> {
  const known = new Set([...desired.networks()].map(({ id }) => id));
  const unknown = new Map<string, KernelNetwork>();
  for (const set of BLOCKED_NETWORK_SETS) {
    for (const element of orThrow(await nft.list(table.name, set))) {
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

/** As few transactions as the limit allows; the ops of one group are never torn apart. Stops at the first failure. */
export async function commitGroups(
  nft: NftPort,
  table: string,
  groups: readonly (readonly NftOp[])[],
): Promise<NftResult<void>> {
  let batch: NftOp[] = [];
  for (const group of groups) {
    if (batch.length + group.length > CHUNK) {
      const done = await nft.commit(table, batch);
      if (!done.ok) return done;
      batch = [];
    }
    batch.push(...group);
  }
  return batch.length === 0 ? { ok: true, value: undefined } : nft.commit(table, batch);
}

export function orThrow<V>(result: NftResult<V>): V {
  if (!result.ok) throw new Error(result.public);
  return result.value;
}
