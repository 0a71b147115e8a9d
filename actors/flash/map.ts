import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Bmap, BmapRange } from '../../core/image/bmap.ts';

/** `[start, end)` in bytes. */
export type Extent = readonly [number, number];

const BLOCK = 4096;
/** Long ranges are cut, so that what is damaged is told closely. */
const LONGEST = 4096;

/**
 * Maps a disk image: all of it but the extents that nobody reads. Zeros are mapped: on a disk that was in use before they
 * would otherwise be whatever was there.
 * @param unused ascending; what of a block is in use keeps it in the map
 */
export async function mapOf(path: string, unused: readonly Extent[]): Promise<Bmap> {
  const file = await open(path, 'r');
  try {
    const { size: imageSize } = await file.stat();
    const ranges: BmapRange[] = [];
    for (const [first, last] of blocksBetween(imageSize, unused)) {
      const bytes = Buffer.alloc(Math.min((last + 1) * BLOCK, imageSize) - first * BLOCK);
      await file.read(bytes, 0, bytes.length, first * BLOCK);
      ranges.push({ first, last, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    return { imageSize, blockSize: BLOCK, ranges };
  } finally {
    await file.close();
  }
}

/** First and last blocks of what lies outside the extents, cut where it is long. */
export function* blocksBetween(imageSize: number, unused: readonly Extent[]): Generator<readonly [number, number]> {
  const blocks = Math.ceil(imageSize / BLOCK);
  let next = 0;
  for (const [start, end] of [...unused, [blocks * BLOCK, blocks * BLOCK] as const]) {
    const stop = Math.ceil(start / BLOCK);
    for (let first = next; first < stop; first += LONGEST) yield [first, Math.min(first + LONGEST, stop) - 1];
    next = Math.max(next, stop, Math.floor(end / BLOCK));
  }
}
