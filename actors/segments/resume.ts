import type { Millis } from '../../core/base/time.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { TermSet } from '../../core/query/terms.ts';
import { BlockBuilder } from './block-builder.ts';
import { decodeHeader } from './block-codec.ts';
import { bloomOf } from './bloom.ts';
import { Damage } from './bytes.ts';
import type { ReadFile, SegmentDisk } from './effects.ts';
import type { SegmentPosition } from './position.ts';
import { scanBlocks } from './scan.ts';
import {
  type BlockEntry,
  decodeSegmentHeader,
  encodeFooter,
  encodeSegmentHeader,
  entryOf,
  HEADER_BYTES,
  openName,
  readName,
  type SegmentHeader,
  type SegmentName,
  sealedName,
  tailName,
} from './segment-file.ts';
import { blockAt, type DamagedPart } from './segment-reader.ts';

/** The segment that is being written. */
export interface CurrentSegment {
  readonly segment: number;
  madeAt: number;
  readonly entries: BlockEntry[];
  /** Over all its blocks; given up where they are too many, or where not all were seen. */
  readonly terms: TermSet;
  /** 0: its file was not begun. */
  length: number;
  rows: number;
  generation: number;
  tailLength: number;
  tailRows: number;
  tailBlocks: number;
}

/** Terms that a segment's own bloom may hold: 2 MB while it is written, half a megabyte on disk. */
const MAX_TERMS = 400_000;

/** Ends the name of a file with what could not be read. */
const DAMAGED = '.damaged';
const KEPT_ASIDE = 4;
const PIECE = 1 << 20;

export const freshSegment = (segment: number, madeAt: Millis): CurrentSegment => ({
  segment,
  madeAt,
  entries: [],
  terms: new TermSet(MAX_TERMS),
  length: 0,
  rows: 0,
  generation: 1,
  tailLength: 0,
  tailRows: 0,
  tailBlocks: 0,
});

export interface Resumed {
  readonly current: CurrentSegment;
  readonly damages: readonly DamagedPart[];
}

/**
 * Puts the directory back to a position and fills the builder with the rows of the block that was being filled. Every
 * step can be cut short by a kill and done again: rows are durable in their new place before the old one goes.
 *
 * Without a position nobody will give anything again: all that can be read is kept, and sealed.
 */
export async function resume(
  disk: SegmentDisk,
  position: SegmentPosition | undefined,
  parts: { readonly builder: BlockBuilder; readonly now: Millis },
): Promise<Resumed> {
  await disk.prepare();
  const names = await disk.names();
  const known = names.flatMap((name) => readName(name) ?? []);
  const resumption = new Resumption(disk, parts);
  const isPast = (segment: number): boolean => position === undefined || segment < position.segment;
  for (const segment of segmentsOf(known, 'open')) {
    if (isPast(segment)) await resumption.adopt(segment, tailsOf(known, segment));
  }
  for (const name of known) {
    // Of a segment that was sealed: its rows are in there.
    if (name.kind === 'tail' && isPast(name.segment)) await disk.remove(tailName(name.segment, name.generation));
  }
  if (position === undefined) {
    const latest = known.reduce((most, { segment }) => Math.max(most, segment), 0);
    return { current: freshSegment(latest + 1, parts.now), damages: resumption.damages };
  }
  for (const name of names) if ((readName(name)?.segment ?? 0) > position.segment) await disk.remove(name);
  const current = await resumption.restore(position, tailsOf(known, position.segment));
  return { current, damages: resumption.damages };
}

const segmentsOf = (known: readonly SegmentName[], kind: SegmentName['kind']): readonly number[] =>
  known.filter((name) => name.kind === kind).map(({ segment }) => segment);

const tailsOf = (known: readonly SegmentName[], segment: number): readonly number[] =>
  known.flatMap((name) => (name.kind === 'tail' && name.segment === segment ? [name.generation] : []));

class Resumption {
  readonly damages: DamagedPart[] = [];
  readonly #disk: SegmentDisk;
  readonly #builder: BlockBuilder;
  readonly #now: Millis;

  constructor(disk: SegmentDisk, { builder, now }: { readonly builder: BlockBuilder; readonly now: Millis }) {
    this.#disk = disk;
    this.#builder = builder;
    this.#now = now;
    builder.clear();
  }

  /** Seals a segment that nobody goes on with, its tail as the last block. */
  async adopt(segment: number, tails: readonly number[]): Promise<void> {
    const disk = this.#disk;
    const name = openName(segment);
    const main = this.#reading(name, (file) => scanBlocks(file, HEADER_BYTES));
    const entries = (main?.blocks ?? []).map(({ entry }) => entry);
    const generation = Math.max(0, ...(main?.blocks ?? []).map(({ header }) => header.generation));
    let rows = Math.max(0, ...entries.map((entry) => entry.first + entry.rows));
    let length = Math.max(HEADER_BYTES, main?.end ?? 0);
    for (const { at, why } of main?.gaps ?? []) this.damages.push({ file: name, at, why });
    await this.#mendHeader(name, { segment, madeAt: this.#now });
    await disk.truncate(name, length);
    const lines = this.#longest(
      tails.filter((tail) => tail > generation).map((tail) => tailName(segment, tail)),
      rows,
    );
    if (lines.length > 0) {
      const { block, entry } = this.#blockOf(lines, { at: length, first: rows, generation });
      await disk.write(name, block, length);
      entries.push(entry);
      rows += lines.length;
      length += block.length;
    }
    if (entries.length === 0) await disk.remove(name);
    else {
      await disk.write(name, encodeFooter(entries, bloomOf(unknownTerms()), length, this.#now), length);
      await disk.sync([name]);
      await disk.rename(name, sealedName(segment));
    }
    await disk.sync([]);
    for (const tail of tails) await disk.remove(tailName(segment, tail));
  }

  /** Cuts the segment of the position behind it, and takes the rows of its tail back from wherever they are now. */
  async restore(position: SegmentPosition, tails: readonly number[]): Promise<CurrentSegment> {
    const disk = this.#disk;
    const { segment, length } = position;
    const open = openName(segment);
    const name = this.#reading(open, () => open) ?? sealedName(segment);
    const main = this.#reading(name, (file) => ({ ...scanBlocks(file, HEADER_BYTES, length), madeAt: madeAt(file) }));
    if (main === undefined) {
      for (const tail of tails) await this.#keepAside(tailName(segment, tail), 0);
      for (const tail of tails) await disk.remove(tailName(segment, tail));
      const lost = position.rows + position.tailRows;
      if (lost > 0) this.damages.push({ file: open, at: 0, why: 'the segment is gone', rows: lost });
      return freshSegment(lost > 0 ? segment + 1 : segment, this.#now);
    }
    this.#noteGaps(name, main, length);
    if (main.end < length) await this.#keepAside(name, main.end);
    const lines = this.#tailLines(position, { name, tails });
    if (lines.length < position.tailRows) {
      for (const tail of tails) await this.#keepAside(tailName(segment, tail), 0);
    }
    const generation = Math.max(position.generation, ...tails) + 1;
    const current: CurrentSegment = {
      ...freshSegment(segment, main.madeAt ?? this.#now),
      entries: main.blocks.map(({ entry }) => entry),
      terms: main.blocks.length === 0 ? freshSegment(segment, this.#now).terms : unknownTerms(),
      length: Math.min(length, Math.max(main.end, HEADER_BYTES)),
      rows: position.rows,
      generation,
    };
    await this.#secure(current, lines);
    if (current.length > 0) await this.#mendHeader(name, current);
    if (name !== open) await disk.rename(name, open);
    await disk.truncate(open, current.length);
    await disk.sync([open]);
    for (const tail of tails) await disk.remove(tailName(segment, tail));
    return current;
  }

  /** What is not understood and goes, from a place on, stays beside the segments under a name of its own: the latest few. */
  async #keepAside(name: string, from: number): Promise<void> {
    const disk = this.#disk;
    const aside = `${name}${DAMAGED}`;
    let end = from;
    for (let piece = this.#piece(name, end); piece.length > 0; piece = this.#piece(name, end)) {
      await disk.write(aside, piece, end - from);
      end += piece.length;
    }
    if (end === from) return;
    await disk.truncate(aside, end - from);
    await disk.sync([aside]);
    const all = (await disk.names()).filter((one) => one.endsWith(DAMAGED)).sort();
    for (const old of all.slice(0, -KEPT_ASIDE)) await disk.remove(old);
  }

  #piece(name: string, at: number): Uint8Array {
    const read = (file: ReadFile): Uint8Array => file.read(at, Math.max(0, Math.min(PIECE, file.size - at)));
    return this.#reading(name, read) ?? new Uint8Array(0);
  }

  /** A segment without its header would be told of as damaged for as long as it is kept. */
  async #mendHeader(name: string, header: SegmentHeader): Promise<void> {
    const flaw = this.#reading(name, (file) => (madeAt(file) === undefined ? { size: file.size } : undefined));
    if (flaw === undefined) return;
    if (flaw.size > 0) this.damages.push({ file: name, at: 0, why: 'its header is not what was written' });
    await this.#disk.write(name, encodeSegmentHeader(header), 0);
  }

  #noteGaps(name: string, { gaps, end }: ReturnType<typeof scanBlocks>, length: number): void {
    for (const { at, why } of gaps) this.damages.push({ file: name, at, why });
    if (end < length) this.damages.push({ file: name, at: end, why: 'what was durable is not there any more' });
  }

  /** Writes the rows into a tail of their own before anything that holds them is touched. */
  async #secure(current: CurrentSegment, lines: readonly KeptLine[]): Promise<void> {
    for (const line of lines) this.#builder.add(line);
    if (lines.length === 0) return;
    const { generation, rows: first } = current;
    const block = this.#builder.write({ from: 0, to: lines.length }, { first, generation, isFinal: false });
    const name = tailName(current.segment, generation);
    await this.#disk.write(name, block, 0);
    await this.#disk.sync([name]);
    current.tailLength = block.length;
    current.tailRows = lines.length;
    current.tailBlocks = 1;
  }

  /**
   * The rows of the position's tail. They are the first of any later tail or block that begins with the same row of the
   * segment: these took them over before the tail was removed.
   */
  #tailLines(
    { length, rows, tailRows }: SegmentPosition,
    { name, tails }: { readonly name: string; readonly tails: readonly number[] },
  ): readonly KeptLine[] {
    if (tailRows === 0) return [];
    const { segment = 0 } = readName(name) ?? {};
    const inTails = this.#longest(
      tails.map((tail) => tailName(segment, tail)),
      rows,
    );
    const inBlock = inTails.length >= tailRows ? [] : this.#lines(name, { from: length, first: rows, limit: tailRows });
    const lines = inTails.length >= inBlock.length ? inTails : inBlock;
    if (lines.length < tailRows) {
      this.damages.push({ file: name, at: length, why: 'rows of the tail are lost', rows: tailRows - lines.length });
    }
    return lines.slice(0, tailRows);
  }

  #longest(files: readonly string[], first: number): readonly KeptLine[] {
    let best: readonly KeptLine[] = [];
    for (const name of files) {
      const lines = this.#lines(name, { from: 0, first, limit: Number.POSITIVE_INFINITY });
      if (lines.length > best.length) best = lines;
    }
    return best;
  }

  /** The lines in a file from a place on, as long as their rows follow upon each other from `first`. */
  #lines(
    name: string,
    { from, first, limit }: { readonly from: number; readonly first: number; readonly limit: number },
  ): readonly KeptLine[] {
    const lines: KeptLine[] = [];
    this.#reading(name, (file) => {
      for (const { entry, header } of scanBlocks(file, from).blocks) {
        if (entry.first !== first + lines.length || lines.length >= limit) return;
        try {
          const block = blockAt(file, entry, header);
          for (let row = 0; row < block.rows; row++) lines.push(block.line(row));
        } catch (thrown) {
          if (!(thrown instanceof Damage)) throw thrown;
          return;
        }
      }
    });
    return lines;
  }

  #blockOf(
    lines: readonly KeptLine[],
    place: { readonly at: number; readonly first: number; readonly generation: number },
  ) {
    const builder = new BlockBuilder();
    for (const line of lines) builder.add(line);
    const block = builder.write({ from: 0, to: lines.length }, { ...place, isFinal: true });
    const entry = entryOf(place.at, decodeHeader(block.subarray(0, block.readUInt32LE(12))));
    return { block, entry };
  }

  #reading<T>(name: string, read: (file: ReadFile) => T): T | undefined {
    const file = this.#disk.openToRead(name);
    if (file === undefined) return undefined;
    try {
      return read(file);
    } finally {
      file.close();
    }
  }
}

/** A set that says of every term that it may be there. */
function unknownTerms(): TermSet {
  const terms = new TermSet(0);
  terms.add(1);
  return terms;
}

function madeAt(file: ReadFile): Millis | undefined {
  try {
    return decodeSegmentHeader(file.read(0, HEADER_BYTES)).madeAt as Millis;
  } catch (thrown) {
    if (thrown instanceof Damage) return undefined;
    throw thrown;
  }
}
