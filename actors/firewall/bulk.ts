import type { Millis } from '../../core/base/time.ts';
import type { NftResult } from '../../native/nft/index.ts';
import { commitGroups } from './batches.ts';
import { isHeld, removeOps } from './elements.ts';
import { packBlocks } from './packed-blocks.ts';
import type { DesiredBlocks, KernelBlock } from './port.ts';
import { blockedSet } from './table.ts';
import type { Place } from './trial.ts';

/** Blocks put into columns at a time: some milliseconds, in which nothing else is done. */
const PIECE = 10_000;

export interface BulkDeps {
  readonly place: Place;
  readonly desired: Pick<DesiredBlocks, 'blockOf'>;
  readonly now: () => Millis;
}

/**
 * Adds these blocks, any number of them. Single blocks and releases that come meanwhile overtake it, so an address that
 * was let go while its piece was on the way is taken out again. What the kernel holds already stays as it is.
 * @returns how many were handed over
 */
export async function loadBlocks(deps: BulkDeps, blocks: Iterable<KernelBlock>): Promise<NftResult<number>> {
  let count = 0;
  const done = await inPieces(blocks, async (piece, family) => {
    const { place, now } = deps;
    const loaded = await place.nft.load(place.table, blockedSet(family), packBlocks(piece, family, now()));
    if (!loaded.ok) return loaded;
    count += piece.length;
    return letGo(deps, piece);
  });
  return done.ok ? { ok: true, value: count } : done;
}

async function letGo({ place, desired }: BulkDeps, piece: readonly KernelBlock[]): Promise<NftResult<void>> {
  const ended = piece.filter(({ ip }) => desired.blockOf(ip) === undefined);
  return commitGroups(
    place.nft,
    place.table,
    ended.map(({ ip }) => removeOps(ip)),
  );
}

/** What the kernel lacks of the desired. */
export interface Lacking {
  readonly absent: readonly KernelBlock[];
  /** Held for another decision, or for another time. */
  readonly outdated: readonly KernelBlock[];
}

/** Looks these blocks up, any number of them, without reading a set. */
export async function lackingOf(
  { place, now }: Pick<BulkDeps, 'place' | 'now'>,
  blocks: Iterable<KernelBlock>,
): Promise<NftResult<Lacking>> {
  const absent: KernelBlock[] = [];
  const outdated: KernelBlock[] = [];
  const done = await inPieces(blocks, async (piece, family): Promise<NftResult<void>> => {
    const keys = piece.map(({ ip }) => ip);
    const found = await place.nft.find(place.table, blockedSet(family), keys);
    if (!found.ok) return found;
    const at = now();
    for (const [i, block] of piece.entries()) {
      const element = found.value[i];
      if (element === undefined) absent.push(block);
      else if (!isHeld(block, element, at)) outdated.push(block);
    }
    return DONE;
  });
  return done.ok ? { ok: true, value: { absent, outdated } } : done;
}

const DONE: NftResult<void> = { ok: true, value: undefined };

/** By family, in pieces. While the kernel is busy with one the next is made ready. Ends at the first failure. */
async function inPieces(
  blocks: Iterable<KernelBlock>,
  carry: (piece: readonly KernelBlock[], family: 4 | 6) => Promise<NftResult<void>>,
): Promise<NftResult<void>> {
  let underWay: Promise<NftResult<void>> = Promise.resolve(DONE);
  for (const { piece, family } of piecesOf(blocks)) {
    const next = carry(piece, family);
    const before = await underWay;
    underWay = next;
    if (before.ok) continue;
    await next;
    return before;
  }
  return underWay;
}

function* piecesOf(blocks: Iterable<KernelBlock>): Generator<{ piece: KernelBlock[]; family: 4 | 6 }> {
  const pieces: Record<4 | 6, KernelBlock[]> = { 4: [], 6: [] };
  for (const block of blocks) {
    const family = block.ip.includes(':') ? 6 : 4;
    pieces[family].push(block);
    if (pieces[family].length < PIECE) continue;
    yield { piece: pieces[family], family };
    pieces[family] = [];
  }
  for (const family of [4, 6] as const) if (pieces[family].length > 0) yield { piece: pieces[family], family };
}
