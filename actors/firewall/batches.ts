import type { NftOp, NftPort, NftResult } from '../../native/nft/index.ts';

/** Ops in one transaction; a larger one would hold single blocks back. */
const CHUNK = 10_000;

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
