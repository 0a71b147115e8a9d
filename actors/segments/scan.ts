import { type BlockHeader, blockLengths, decodeHeader, FIXED_HEADER, nextMagic } from './block-codec.ts';
import { Damage } from './bytes.ts';
import type { ReadFile } from './effects.ts';
import { type BlockEntry, entryOf } from './segment-file.ts';

/** A stretch of a file that holds no readable block. */
export interface Gap {
  readonly at: number;
  readonly length: number;
  readonly why: string;
}

export interface Scanned {
  readonly blocks: readonly { readonly entry: BlockEntry; readonly header: BlockHeader }[];
  /** Between the blocks: damage. What follows the last block is not among them. */
  readonly gaps: readonly Gap[];
  /** Where the last readable block ends. */
  readonly end: number;
  /** What is wrong behind the end, where the file goes on: of a file that is being written, a write cut short. */
  readonly rest?: Gap;
}

/** How much is looked through at once for the next block. */
const WINDOW = 1 << 20;

/**
 * Finds the blocks of a file by their headers alone, from `start` up to `limit`. Behind damage it goes on at the next
 * header that proves itself. Reads one header at a time.
 */
export function scanBlocks(file: ReadFile, start: number, limit = file.size): Scanned {
  const end = Math.min(limit, file.size);
  const blocks: { entry: BlockEntry; header: BlockHeader }[] = [];
  const gaps: Gap[] = [];
  let at = start;
  let good = start;
  let why = '';
  while (at < end) {
    const header = headerAt(file, at, end);
    if (typeof header === 'string') {
      if (at === good) why = header;
      at = nextCandidate(file, at + 1, end);
      continue;
    }
    if (at > good) gaps.push({ at: good, length: at - good, why });
    blocks.push({ entry: entryOf(at, header), header });
    at += header.length;
    good = at;
  }
  const scanned = { blocks, gaps, end: good };
  return good < end ? { ...scanned, rest: { at: good, length: end - good, why } } : scanned;
}

/** The header there, or why there is none. */
export function headerAt(file: ReadFile, at: number, end: number): BlockHeader | string {
  if (at + FIXED_HEADER > end) return 'the file ends in a header';
  const lengths = blockLengths(file.read(at, FIXED_HEADER));
  if (lengths === undefined) return 'no block begins here';
  if (at + lengths.length > end) return 'the file ends in a block';
  try {
    return decodeHeader(file.read(at, lengths.headerLength));
  } catch (thrown) {
    if (thrown instanceof Damage) return thrown.message;
    throw thrown;
  }
}

function nextCandidate(file: ReadFile, from: number, end: number): number {
  for (let at = from; at < end; at += WINDOW) {
    // Windows overlap, so that no magic is cut in two.
    const found = nextMagic(file.read(at, Math.min(WINDOW + 3, end - at)), 0);
    if (found >= 0) return at + found;
  }
  return end;
}
