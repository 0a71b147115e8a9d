import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { BlockRows, StoredGroup } from '../../native/blocks/port.ts';
import { ByteReader, ByteWriter, Damage } from './bytes.ts';
import { GROUPS, type Group } from './layout.ts';

/*
 * A block on disk, little-endian:
 *
 *   0 magic        4 CRC-32 of the header from byte 8   8 length of all      12 length of the header
 *  16 rows        20 length of the bloom               24 earliest moment   32 latest moment (float64)
 *  40 generation of the tail whose rows are its first  44 rows before it in the segment
 *  48 for each group: bytes stored, bytes raw, CRC-32 of what is stored
 * 108 ids of the columns that occur; least and most of the number columns; bloom
 *     the groups
 *
 * A group is zstd-compressed unless it is as long stored as raw.
 */
const MAGIC = 0x4b425a42;
const FIXED = 108;
const GROUPS_AT = 48;
/** What no real block reaches; a length beyond it is damage and is not read into memory. */
const MAX_HEADER = 8 << 20;
const MAX_GROUP = 64 << 20;
/** Rows of one block; four times what a writer ever puts there. */
const MAX_ROWS = 1 << 14;
export const FIXED_HEADER = FIXED;

/** How groups are compressed. zstd's fastest level: on log text the next three save two percent and cost a tenth more. */
export const COMPRESSION: Pick<BlockRows, 'level' | 'tiny'> = {
  level: 1,
  // Under which compressing costs more than it saves.
  tiny: 256,
};
/** What zlib takes for a chunk at least. */
const MIN_CHUNK = 64;
/** What compressing may add to a group that cannot be made shorter; with room for that it comes in one piece. */
const MOST_GROWTH = 1 / 128;

export interface ColumnExtent {
  readonly id: number;
  readonly least: number;
  readonly most: number;
}

export interface BlockParts {
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  /** Of the tail that its first rows were kept in while it was filled. */
  readonly generation: number;
  /** Rows before it in the segment. */
  readonly first: number;
  readonly columns: Iterable<number> & { readonly length: number };
  readonly extents: readonly ColumnExtent[];
  readonly bloom: Uint8Array;
  /** In the order of `GROUPS`. */
  readonly groups: readonly StoredGroup[];
}

export function encodeBlock(parts: BlockParts): Buffer {
  const out = new ByteWriter();
  for (const value of [MAGIC, 0, 0, 0, parts.rows, parts.bloom.length]) out.u32(value);
  out.f64(parts.minAt);
  out.f64(parts.maxAt);
  out.u32(parts.generation);
  out.u32(parts.first);
  for (const { stored, raw } of parts.groups) for (const value of [stored.length, raw, crc32(stored)]) out.u32(value);
  out.u8(parts.columns.length);
  for (const id of parts.columns) out.u8(id);
  out.u8(parts.extents.length);
  for (const { id, least, most } of parts.extents) {
    out.u8(id);
    out.f64(least);
    out.f64(most);
  }
  out.raw(parts.bloom);
  const headerLength = out.length;
  for (const { stored } of parts.groups) out.raw(stored);
  out.setU32(8, out.length);
  out.setU32(12, headerLength);
  const block = Buffer.from(out.bytes);
  block.writeUInt32LE(crc32(block.subarray(8, headerLength)), 4);
  return block;
}

/** A group as it is stored. */
export function storedGroup(raw: Uint8Array, { level, tiny } = COMPRESSION): StoredGroup {
  if (raw.length < tiny) return { raw: raw.length, stored: raw };
  const chunkSize = raw.length + Math.ceil(raw.length * MOST_GROWTH) + MIN_CHUNK;
  const frame = zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize });
  return { raw: raw.length, stored: frame.length < raw.length ? frame : raw };
}

/** Lengths by which a block's header and end are found. */
export interface BlockLengths {
  readonly length: number;
  readonly headerLength: number;
}

/** Looks at the fixed part. Undefined where no block begins; what it says is proven by `decodeHeader` only. */
export function blockLengths(fixed: Buffer): BlockLengths | undefined {
  if (fixed.length < FIXED || fixed.readUInt32LE(0) !== MAGIC) return undefined;
  const [length, headerLength] = [fixed.readUInt32LE(8), fixed.readUInt32LE(12)];
  const isPossible = headerLength >= FIXED && headerLength <= MAX_HEADER && length >= headerLength;
  return isPossible ? { length, headerLength } : undefined;
}

interface PlacedGroup {
  /** From the start of the block. */
  readonly at: number;
  readonly stored: number;
  readonly raw: number;
  readonly crc: number;
}

export interface BlockHeader extends BlockLengths {
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly generation: number;
  readonly first: number;
  readonly columns: ReadonlySet<number>;
  readonly extents: ReadonlyMap<number, ColumnExtent>;
  readonly bloom: Buffer;
  readonly groups: Readonly<Record<Group, PlacedGroup>>;
}

/** @param bytes the header, whole @throws Damage */
export function decodeHeader(bytes: Buffer): BlockHeader {
  const lengths = blockLengths(bytes);
  if (lengths === undefined || bytes.length !== lengths.headerLength) throw new Damage('no block begins here');
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) throw new Damage('the header is not what was written');
  const rows = bytes.readUInt32LE(16);
  if (rows > MAX_ROWS) throw new Damage('the block has impossibly many rows');
  const bloomLength = bytes.readUInt32LE(20);
  const summary = new ByteReader(bytes.subarray(FIXED));
  const columns = new Set(Array.from({ length: summary.u8() }, () => summary.u8()));
  const extents = Array.from({ length: summary.u8() }, () => {
    const id = summary.u8();
    return [id, { id, least: summary.f64(), most: summary.f64() }] as const;
  });
  if (summary.left !== bloomLength) throw new Damage('the header does not add up');
  return {
    ...lengths,
    rows,
    minAt: bytes.readDoubleLE(24),
    maxAt: bytes.readDoubleLE(32),
    generation: bytes.readUInt32LE(40),
    first: bytes.readUInt32LE(44),
    columns,
    extents: new Map(extents),
    bloom: summary.raw(bloomLength),
    groups: groupsOf(bytes, lengths),
  };
}

function groupsOf(bytes: Buffer, { length, headerLength }: BlockLengths): Readonly<Record<Group, PlacedGroup>> {
  let at = headerLength;
  const groups = GROUPS.map((group, i) => {
    const [stored, raw, crc] = [0, 4, 8].map((step) => bytes.readUInt32LE(GROUPS_AT + i * 12 + step));
    const found = { at, stored: stored ?? 0, raw: raw ?? 0, crc: crc ?? 0 };
    at += found.stored;
    if (found.raw > MAX_GROUP || found.stored > found.raw) throw new Damage('a group is impossibly long');
    return [group, found] as const;
  });
  if (at !== length) throw new Damage('the groups do not fill the block');
  return Object.fromEntries(groups) as Record<Group, PlacedGroup>;
}

/** A group's raw bytes out of those stored. @throws Damage */
export function decodeGroup(stored: Buffer, { raw, crc }: Pick<PlacedGroup, 'raw' | 'crc'>): Buffer {
  if (crc32(stored) !== crc) throw new Damage('the rows are not what was written');
  if (stored.length === raw) return stored;
  try {
    // One chunk for all of it: otherwise it comes in pieces that are joined by copying.
    const bytes = zstdDecompressSync(stored, { maxOutputLength: raw, chunkSize: Math.max(MIN_CHUNK, raw) });
    if (bytes.length === raw) return bytes;
  } catch (cause) {
    throw new Damage('the rows cannot be decompressed', { cause });
  }
  throw new Damage('the rows are not as many as were written');
}

/** Where, from `from` on, the next block may begin; −1 for nowhere. */
export function nextMagic(bytes: Buffer, from: number): number {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  return bytes.indexOf(magic, from);
}
