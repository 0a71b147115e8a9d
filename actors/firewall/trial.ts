import type { Millis } from '../../core/base/time.ts';
import type { NftOp, NftPort, NftResult, TableDeclaration } from '../../native/nft/index.ts';
import { commitGroups } from './batches.ts';
import type { FirewallContent, Judges } from './content.ts';
import { contentSets, TRIAL_SET } from './table.ts';

/** Which table, of what capacity, in which kernel. */
export interface Place {
  readonly nft: NftPort;
  readonly table: string;
  readonly maxBlocks: number;
}

const FAMILY_KEYS = ['ipv4', 'ipv6'];

/**
 * Makes the kernel judge so. The rules, the candidate's among them, come in one transaction, behind a guard that is as it
 * was; a second one lights the guard for what is left of the trial, or puts it out. So a packet is judged by whole rules
 * of one content at every moment, and a guard that has timed out stays dark unless there is time left.
 */
export async function load(place: Place, table: TableDeclaration, { trial }: Judges): Promise<NftResult<void>> {
  const done = await place.nft.ensure(table);
  return done.ok && trial !== undefined ? light(place, trial.time.left()) : done;
}

/** Both families in one transaction, and never for longer than is left. */
export const light = ({ nft, table }: Pick<Place, 'nft' | 'table'>, left: Millis): Promise<NftResult<void>> =>
  nft.commit(table, [
    { kind: 'flush', set: TRIAL_SET },
    ...(left < 1 ? [] : FAMILY_KEYS.map((key) => lit(key, Math.floor(left) as Millis))),
  ]);

const lit = (key: string, timeout: Millis): NftOp => ({ kind: 'add', set: TRIAL_SET, key, timeout });

/** `none`: there is no table, nothing is judged. */
export type Judged = 'confirmed' | 'candidate' | 'none';

/** By what the kernel judges at this moment, read back. */
export async function judgedBy({ nft, table }: Place): Promise<NftResult<Judged>> {
  const rules = await nft.counters(table);
  if (!rules.ok) return rules.code === 'missing' ? { ok: true, value: 'none' } : rules;
  const guard = await nft.list(table, TRIAL_SET);
  if (!guard.ok) return guard.code === 'missing' ? { ok: true, value: 'confirmed' } : guard;
  return { ok: true, value: guard.value.length > 0 ? 'candidate' : 'confirmed' };
}

/** Puts right the networks of one content where somebody else has changed them. */
export async function repair(place: Place, content: FirewallContent): Promise<NftResult<void>> {
  const ops = await difference(place, content);
  return ops.ok
    ? commitGroups(
        place.nft,
        place.table,
        ops.value.map((op) => [op]),
      )
    : ops;
}

/** Whether the kernel holds the networks of this content, read back; a set that is missing holds nothing of it. */
export async function holdsNetworks(place: Place, content: FirewallContent): Promise<NftResult<boolean>> {
  const ops = await difference(place, content);
  if (!ops.ok && ops.code === 'missing') return { ok: true, value: false };
  return ops.ok ? { ok: true, value: ops.value.length === 0 } : ops;
}

/** What makes the content's sets hold what they should: what is too much goes first, as overlaps are refused. */
async function difference({ nft, table }: Place, content: FirewallContent): Promise<NftResult<readonly NftOp[]>> {
  const ops: NftOp[] = [];
  for (const { name: set, elements } of contentSets(content)) {
    const listed = await nft.list(table, set);
    if (!listed.ok) return listed;
    const there = new Set(listed.value.map(({ key }) => key));
    const wanted = new Set(elements.map(({ key }) => key));
    for (const key of there) if (!wanted.has(key)) ops.push({ kind: 'delete', set, key });
    for (const key of wanted) if (!there.has(key)) ops.push({ kind: 'add', set, key, timeout: 'never' });
  }
  return { ok: true, value: ops };
}
