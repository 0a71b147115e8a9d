import { crc32 } from 'node:zlib';
import type { BlockHeader } from './block-codec.ts';
import { ByteWriter, Damage } from './bytes.ts';

/*
 * A segment on disk, little-endian: a header of 32 bytes, blocks, and once it is sealed a footer: an index of the blocks,
 * a bloom over all of them, and 64 bytes that say where these are. Which form a file has its name says: `.open` or
 * `.events`; sealing renames it.
 *
 * header: 0 magic (8)  8 version (u16)  12 number (u32)  16 made at (float64)  28 CRC-32 of the 28 before
 * index:  for each block: where, length, header's length, rows (u32), earliest and latest moment (float64)
 * end:    0 magic  4 CRC-32 of the rest  8 blocks  12 CRC-32 of the index  16 CRC-32 of the bloom  20 length of the bloom
 *        24 where the index is (float64)  32 rows (float64)  40 earliest  48 latest  56 sealed at (float64)
 */
export const HEADER_BYTES = 32;
export const END_BYTES = 64;
/** Of the format and of the terms in its blooms (`core/query/terms.ts`). */
export const VERSION = 1;

const MAGIC = Buffer.from('BARTSEG\n', 'latin1');
const END_MAGIC = 0x58495a42;
const ENTRY_BYTES = 32;
/** Blocks that an index may name: more than a segment ever gets. */
const MAX_BLOCKS = 1 << 20;

export interface SegmentHeader {
  readonly segment: number;
  readonly madeAt: number;
}

export function encodeSegmentHeader({ segment, madeAt }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(VERSION, 8);
  bytes.writeUInt32LE(segment, 12);
  bytes.writeDoubleLE(madeAt, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

/** @throws Damage */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) throw new Damage('this is no segment');
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) throw new Damage('its header is not what was written');
  if (bytes.readUInt16LE(8) !== VERSION) throw new Damage(`it is of version ${bytes.readUInt16LE(8)}, not ${VERSION}`);
  return { segment: bytes.readUInt32LE(12), madeAt: bytes.readDoubleLE(16) };
}

/** A block as the index knows it. */
export interface BlockEntry {
  readonly at: number;
  readonly length: number;
  readonly headerLength: number;
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  /** Rows before it in the segment. */
  readonly first: number;
}

export const entryOf = (at: number, header: BlockHeader): BlockEntry => {
  const { length, headerLength, rows, minAt, maxAt, first } = header;
  return { at, length, headerLength, rows, minAt, maxAt, first };
};

/** What the end of a sealed segment says. */
export interface SegmentEnd {
  readonly blocks: number;
  readonly indexAt: number;
  readonly indexCrc: number;
  readonly bloomLength: number;
  readonly bloomCrc: number;
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly sealedAt: number;
}

/** @param at where the footer will stand */
export function encodeFooter(entries: readonly BlockEntry[], bloom: Uint8Array, at: number, sealedAt: number): Buffer {
  const out = new ByteWriter();
  for (const entry of entries) {
    for (const value of [entry.at, entry.length, entry.headerLength, entry.rows]) out.u32(value);
    out.f64(entry.minAt);
    out.f64(entry.maxAt);
  }
  const indexCrc = crc32(out.bytes);
  out.raw(bloom);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END_MAGIC, 0);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(indexCrc, 12);
  end.writeUInt32LE(crc32(bloom), 16);
  end.writeUInt32LE(bloom.length, 20);
  end.writeDoubleLE(at, 24);
  end.writeDoubleLE(
    entries.reduce((sum, { rows }) => sum + rows, 0),
    32,
  );
  end.writeDoubleLE(Math.min(...entries.map(({ minAt }) => minAt)), 40);
  end.writeDoubleLE(Math.max(...entries.map(({ maxAt }) => maxAt)), 48);
  end.writeDoubleLE(sealedAt, 56);
  end.writeUInt32LE(crc32(end.subarray(8)), 4);
  out.raw(end);
  return Buffer.from(out.bytes);
}

/** @param bytes the last 64 of the file @param size of the file @throws Damage */
export function decodeEnd(bytes: Buffer, size: number): SegmentEnd {
  if (bytes.length !== END_BYTES || bytes.readUInt32LE(0) !== END_MAGIC) throw new Damage('its end is missing');
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) throw new Damage('its end is not what was written');
  const end = {
    blocks: bytes.readUInt32LE(8),
    indexCrc: bytes.readUInt32LE(12),
    bloomCrc: bytes.readUInt32LE(16),
    bloomLength: bytes.readUInt32LE(20),
    indexAt: bytes.readDoubleLE(24),
    rows: bytes.readDoubleLE(32),
    minAt: bytes.readDoubleLE(40),
    maxAt: bytes.readDoubleLE(48),
    sealedAt: bytes.readDoubleLE(56),
  };
  const length = end.indexAt + end.blocks * ENTRY_BYTES + end.bloomLength + END_BYTES;
  if (end.blocks > MAX_BLOCKS || length !== size) throw new Damage('its end does not fit the file');
  return end;
}

export const indexLength = ({ blocks }: SegmentEnd): number => blocks * ENTRY_BYTES;

/** @throws Damage */
export function decodeIndex(bytes: Buffer, end: SegmentEnd): readonly BlockEntry[] {
  if (bytes.length !== indexLength(end) || crc32(bytes) !== end.indexCrc) {
    throw new Damage('its index is not what was written');
  }
  let first = 0;
  return Array.from({ length: end.blocks }, (_, i) => {
    const [at = 0, length = 0, headerLength = 0, rows = 0] = [0, 4, 8, 12].map((step) =>
      bytes.readUInt32LE(i * ENTRY_BYTES + step),
    );
    const entry = { at, length, headerLength, rows, first, minAt: bytes.readDoubleLE(i * ENTRY_BYTES + 16) };
    first += rows;
    return { ...entry, maxAt: bytes.readDoubleLE(i * ENTRY_BYTES + 24) };
  });
}

/** Names of the files in the directory of segments. */
const NAME = /^(\d{10})\.(?:(open)|(events)|tail-(\d{1,10}))$/;

export type SegmentName =
  | { readonly segment: number; readonly kind: 'open' | 'events' }
  | { readonly segment: number; readonly kind: 'tail'; readonly generation: number };

const digits = (segment: number): string => String(segment).padStart(10, '0');

export const openName = (segment: number): string => `${digits(segment)}.open`;
export const sealedName = (segment: number): string => `${digits(segment)}.events`;
export const tailName = (segment: number, generation: number): string => `${digits(segment)}.tail-${generation}`;

/** Undefined for a file that is none of ours. */
export function readName(name: string): SegmentName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, number = '', open, , generation] = match;
  const segment = Number(number);
  if (generation !== undefined) return { segment, kind: 'tail', generation: Number(generation) };
  return { segment, kind: open === undefined ? 'events' : 'open' };
}
