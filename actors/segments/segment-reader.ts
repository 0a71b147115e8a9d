import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Block } from './block.ts';
import { type BlockHeader, decodeHeader } from './block-codec.ts';
import { bloomMayHave } from './bloom.ts';
import { Damage } from './bytes.ts';
import { namesIn, openToRead, type ReadFile } from './effects.ts';
import { scanBlocks } from './scan.ts';
import {
  type BlockEntry,
  decodeEnd,
  decodeIndex,
  decodeSegmentHeader,
  END_BYTES,
  HEADER_BYTES,
  indexLength,
  openName,
  readName,
  type SegmentEnd,
  sealedName,
  tailName,
} from './segment-file.ts';

/** Something in the store of events that cannot be read. */
export interface DamagedPart {
  readonly file: string;
  /** Byte offset in it. */
  readonly at: number;
  readonly why: string;
  /** Rows lost, where that is known. */
  readonly rows?: number;
}

export type ReportDamage = (part: DamagedPart) => void;

/** A block and the file that it is in. */
export interface PlacedBlock {
  readonly segment: number;
  readonly file: string;
  readonly entry: BlockEntry;
}

/** A segment as a search sees it when it begins. */
export interface SegmentView {
  readonly segment: number;
  readonly blocks: readonly PlacedBlock[];
  /** Whether some block may hold a term. */
  mayHave(term: number): boolean;
}

const EVERYTHING = (): boolean => true;

/** Files that are read again and again, of which only so many are held open. */
export class OpenFiles {
  readonly #directory: string;
  readonly #limit: number;
  readonly #files = new Map<string, ReadFile>();
  /** Those that another name or nothing may take the place of. */
  readonly #held = new Map<string, ReadFile>();

  constructor(directory: string, limit = 16) {
    this.#directory = directory;
    this.#limit = limit;
  }

  /** Undefined where there is no such file, any more or yet. */
  get(name: string): ReadFile | undefined {
    const there = this.#held.get(name) ?? this.#files.get(name);
    if (there !== undefined) return there;
    const file = openToRead(join(this.#directory, name));
    if (file === undefined) return undefined;
    this.#files.set(name, file);
    if (this.#files.size > this.#limit) this.#closeOldest();
    return file;
  }

  /** As `get`, and kept open until `close`: of a file that is being written, whose name may pass to another. */
  hold(name: string): ReadFile | undefined {
    const file = openToRead(join(this.#directory, name));
    if (file !== undefined) this.#held.set(name, file);
    return file;
  }

  close(): void {
    for (const file of [...this.#files.values(), ...this.#held.values()]) file.close();
    this.#files.clear();
    this.#held.clear();
  }

  #closeOldest(): void {
    const [name] = this.#files.keys();
    if (name === undefined) return;
    this.#files.get(name)?.close();
    this.#files.delete(name);
  }
}

/** Segments in a directory, the oldest first, with the generations of tails beside them. */
export function segmentsIn(
  directory: string,
): readonly { readonly segment: number; readonly tails: readonly number[] }[] {
  const found = new Map<number, number[]>();
  for (const name of namesIn(directory)) {
    const read = readName(name);
    if (read === undefined) continue;
    const tails = found.get(read.segment) ?? [];
    if (read.kind === 'tail') tails.push(read.generation);
    found.set(read.segment, tails);
  }
  return [...found].sort(([a], [b]) => a - b).map(([segment, tails]) => ({ segment, tails }));
}

/**
 * What a segment holds now. A segment that is being written is read tail first: whatever leaves the tail meanwhile is
 * then in the blocks read after it, and what is met in both is taken from the blocks.
 */
export function viewSegment(
  files: OpenFiles,
  { segment, tails }: { readonly segment: number; readonly tails: readonly number[] },
  report: ReportDamage,
): SegmentView {
  const tail = tailView(files, segment, tails);
  const open = openName(segment);
  const file = files.hold(open);
  if (file === undefined)
    return sealedView(files, segment, report) ?? { segment, blocks: tail.blocks, mayHave: EVERYTHING };
  checkHeader(file, open, report);
  const { blocks, gaps } = scanBlocks(file, HEADER_BYTES);
  for (const { at, why } of gaps) report({ file: open, at, why });
  const isAbsorbed = blocks.some(({ header }) => header.generation >= tail.generation);
  const placed = blocks.map(({ entry }) => ({ segment, file: open, entry }));
  return { segment, blocks: [...placed, ...(isAbsorbed ? [] : tail.blocks)], mayHave: EVERYTHING };
}

/** The newest tail of which something can be read: the very newest may have been begun a moment ago. */
function tailView(files: OpenFiles, segment: number, generations: readonly number[]) {
  for (const generation of [...generations].sort((a, b) => b - a)) {
    const name = tailName(segment, generation);
    const file = files.hold(name);
    const blocks = file === undefined ? [] : scanBlocks(file, 0).blocks;
    if (blocks.length > 0) return { generation, blocks: blocks.map(({ entry }) => ({ segment, file: name, entry })) };
  }
  return { generation: Number.POSITIVE_INFINITY, blocks: [] };
}

function sealedView(files: OpenFiles, segment: number, report: ReportDamage): SegmentView | undefined {
  const name = sealedName(segment);
  const file = files.get(name);
  if (file === undefined) return undefined;
  checkHeader(file, name, report);
  const placed = (entries: readonly BlockEntry[]) => entries.map((entry) => ({ segment, file: name, entry }));
  try {
    const end = readEnd(file);
    const entries = decodeIndex(file.read(end.indexAt, indexLength(end)), end);
    return { segment, blocks: placed(entries), mayHave: segmentBloom(files, name, end) };
  } catch (thrown) {
    if (!(thrown instanceof Damage)) throw thrown;
    report({ file: name, at: Math.max(0, file.size - END_BYTES), why: thrown.message });
  }
  const { blocks, gaps } = scanBlocks(file, HEADER_BYTES);
  for (const { at, why } of gaps) report({ file: name, at, why });
  return { segment, blocks: placed(blocks.map(({ entry }) => entry)), mayHave: EVERYTHING };
}

/** @throws Damage */
export function readEnd(file: ReadFile): SegmentEnd {
  if (file.size < HEADER_BYTES + END_BYTES) throw new Damage('its end is missing');
  return decodeEnd(file.read(file.size - END_BYTES, END_BYTES), file.size);
}

function checkHeader(file: ReadFile, name: string, report: ReportDamage): void {
  try {
    decodeSegmentHeader(file.read(0, Math.min(HEADER_BYTES, file.size)));
  } catch (thrown) {
    if (!(thrown instanceof Damage)) throw thrown;
    // One that was made a moment ago has no header yet.
    if (file.size > 0) report({ file: name, at: 0, why: thrown.message });
  }
}

/** Read when the first term is asked for; a damaged one denies nothing. */
function segmentBloom(files: OpenFiles, name: string, end: SegmentEnd): (term: number) => boolean {
  let bloom: Buffer | undefined;
  return (term) => {
    bloom ??= readBloom(files.get(name), end);
    return bloomMayHave(bloom, term);
  };
}

function readBloom(file: ReadFile | undefined, end: SegmentEnd): Buffer {
  const bytes = file?.read(end.indexAt + indexLength(end), end.bloomLength);
  return bytes !== undefined && crc32(bytes) === end.bloomCrc ? bytes : Buffer.alloc(0);
}

/** The header of a block that an index named. @throws Damage */
export function readHeader(file: ReadFile, { at, length, headerLength }: BlockEntry): BlockHeader {
  const header = decodeHeader(file.read(at, headerLength));
  if (header.length !== length) throw new Damage('the block is not the one that the index names');
  return header;
}

export const blockAt = (file: ReadFile, { at }: BlockEntry, header: BlockHeader): Block =>
  new Block(header, (from, length) => file.read(at + from, length));
