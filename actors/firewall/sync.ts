import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { NftOp, NftPort, NftResult, TableDeclaration } from '../../native/nft/index.ts';
import { blockFrom, putOps, removeOps } from './elements.ts';
import type { DesiredBlocks, KernelBlock } from './port.ts';
import { BLOCKED_SETS, infraOps } from './table.ts';

/** How far a timeout in the kernel may be off before it is set anew. */
const TIMEOUT_SLACK_MS = 2000;
/** Ops in one transaction; a larger one would hold single blocks back. */
const CHUNK = 10_000;

export interface SyncDeps {
  readonly nft: NftPort;
  readonly table: TableDeclaration;
  readonly infra: readonly string[];
  readonly desired: DesiredBlocks;
  readonly now: () => Millis;
}

/**
 * Makes the kernel hold what is desired: the table's shape, infra, then blocks. Elements of unknown decisions are adopted,
 * those of ended decisions and those without an id are removed, missing ones added.
 * @throws Error with the kernel's words when a step fails; what was done stays done and the next sync goes on from there
 */
export async function sync(
  deps: SyncDeps,
): Promise<{ readonly added: number; readonly removed: number; readonly adopted: number }> {
  const { nft, table, infra, desired, now } = deps;
  orThrow(await nft.ensure(table));
  orThrow(await nft.commit(table.name, infraOps(infra)));
  const held = new Map<string, KernelBlock>();
  const leftovers: string[] = [];
  const unknown: KernelBlock[] = [];
  for (const set of BLOCKED_SETS) {
    for (const element of orThrow(await nft.list(table.name, set))) {
      const { block, key } = blockFrom(element, now());
      if (block === undefined) leftovers.push(key);
      else held.set(block.ip, block);
    }
  }
  for (const block of held.values()) {
    if (desired.blockOf(block.ip) !== undefined) continue;
    if (await desired.hasEnded(block.id)) leftovers.push(block.ip);
    else unknown.push(block);
  }
  await desired.adopt(unknown);
  const missing = [...desired.blocks()].filter((block) => !isHeld(block, held.get(block.ip)));
  const removals = leftovers.filter((key) => desired.blockOf(key as Ip) === undefined);
  orThrow(
    await commitGroups(nft, table.name, [...removals.map(removeOps), ...missing.map((block) => putOps(block, now()))]),
  );
  return { added: missing.length, removed: leftovers.length, adopted: unknown.length };
}

function isHeld(wanted: KernelBlock, held: KernelBlock | undefined): boolean {
  if (held === undefined || held.id !== wanted.id) return false;
  if (held.expiresAt === 'never' || wanted.expiresAt === 'never') return held.expiresAt === wanted.expiresAt;
  return Math.abs(held.expiresAt - wanted.expiresAt) <= TIMEOUT_SLACK_MS;
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
