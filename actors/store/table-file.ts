import { maskedCrc32c } from './crc32c.ts';
import { unsnappy, varint } from './snappy.ts';

/**
 * Tables of LevelDB (doc/table_format.md), looked at before LevelDB opens them: it reads blocks without verifying their
 * checksums, and a damaged key that gets into a compaction ends the process by an assertion.
 */

const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** After a block's contents: how it is packed, and the checksum over contents and that byte. */
const TRAILER = 5;
const UNPACKED = 0;
const SNAPPY = 1;
/** An index lists one key a block; ours are far below. */
const INDEX_LIMIT = 64 << 20;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry {
  readonly key: Uint8Array;
  readonly block: Handle;
}

export interface TableCheck {
  /** Blocks whose bytes are not what was written; the filter counts as one. */
  readonly damaged: number;
  /** The table without its damaged blocks; `undefined` when nothing is damaged, or nothing can be saved. */
  readonly mended?: Uint8Array;
}

/** Verifies every block of a table. One whose footer or index is damaged cannot be saved. */
export function checkTable(table: Uint8Array): TableCheck {
  const footer = readFooter(table);
  const index = footer === undefined ? undefined : readIndex(table, footer.index);
  if (footer === undefined || index === undefined) return { damaged: 1 };
  const intact = index.filter(({ block }) => isIntact(table, block));
  const damaged = index.length - intact.length + (isMetaIntact(table, footer.metaIndex) ? 0 : 1);
  if (damaged === 0 || intact.length === 0) return { damaged };
  return { damaged, mended: rebuild(table, intact) };
}

function readFooter(table: Uint8Array): { readonly metaIndex: Handle; readonly index: Handle } | undefined {
  if (table.length < FOOTER || Buffer.compare(table.subarray(-8), MAGIC) !== 0) return undefined;
  const at = { packed: table.subarray(table.length - FOOTER, table.length - 8), offset: 0 };
  const [metaIndex, index] = [handle(at), handle(at)];
  return metaIndex === undefined || index === undefined ? undefined : { metaIndex, index };
}

function handle(at: { readonly packed: Uint8Array; offset: number }): Handle | undefined {
  const [offset, size] = [varint(at), varint(at)];
  return offset === undefined || size === undefined ? undefined : { offset, size };
}

function isIntact(table: Uint8Array, { offset, size }: Handle): boolean {
  const end = offset + size + 1;
  if (end + 4 > table.length) return false;
  return maskedCrc32c(table, offset, end) === viewOf(table).getUint32(end, true);
}

function contents(table: Uint8Array, block: Handle): Uint8Array | undefined {
  if (!isIntact(table, block)) return undefined;
  const bytes = table.subarray(block.offset, block.offset + block.size);
  const packing = table[block.offset + block.size];
  if (packing === UNPACKED) return bytes;
  return packing === SNAPPY ? unsnappy(bytes, INDEX_LIMIT) : undefined;
}

/** The index of the filter and the filter itself: a damaged filter denies keys that are there. */
function isMetaIntact(table: Uint8Array, metaIndex: Handle): boolean {
  return readIndex(table, metaIndex)?.every(({ block }) => isIntact(table, block)) === true;
}

/** A block whose values are the handles of other blocks. */
function readIndex(table: Uint8Array, at: Handle): readonly IndexEntry[] | undefined {
  const block = contents(table, at);
  if (block === undefined || block.length < 4) return undefined;
  const restarts = viewOf(block).getUint32(block.length - 4, true);
  const end = block.length - 4 * (restarts + 1);
  const entries: IndexEntry[] = [];
  const reader = { packed: block.subarray(0, Math.max(0, end)), offset: 0 };
  for (let key: Uint8Array = new Uint8Array(); reader.offset < end; ) {
    const [shared, fresh, length] = [varint(reader), varint(reader), varint(reader)];
    if (shared === undefined || fresh === undefined || length === undefined || shared > key.length) return undefined;
    key = Buffer.concat([key.subarray(0, shared), block.subarray(reader.offset, reader.offset + fresh)]);
    reader.offset += fresh;
    const found = handle({ packed: block.subarray(reader.offset, reader.offset + length), offset: 0 });
    if (found === undefined) return undefined;
    entries.push({ key, block: found });
    reader.offset += length;
  }
  return end >= 0 && reader.offset === end ? entries : undefined;
}

/** The same blocks under an index of the intact ones, without a filter. */
function rebuild(table: Uint8Array, intact: readonly IndexEntry[]): Uint8Array {
  const end = Math.max(...intact.map(({ block }) => block.offset + block.size + TRAILER));
  const index = packIndex(intact);
  const empty = packIndex([]);
  const footer = Buffer.alloc(FOOTER);
  const handles = [end + index.length, empty.length - TRAILER, end, index.length - TRAILER].flatMap(toVarint);
  footer.set(handles);
  footer.set(MAGIC, FOOTER - MAGIC.length);
  return Buffer.concat([table.subarray(0, end), index, empty, footer]);
}

/** Every entry begins anew, so that no key leans on the one before. */
function packIndex(entries: readonly IndexEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let length = 0;
  for (const { key, block } of entries) {
    const value = [block.offset, block.size].flatMap(toVarint);
    const part = Buffer.concat([
      Buffer.from([0, ...toVarint(key.length), ...toVarint(value.length)]),
      key,
      Buffer.from(value),
    ]);
    restarts.push(length);
    parts.push(part);
    length += part.length;
  }
  const tail = Buffer.alloc(4 * Math.max(1, restarts.length) + 4);
  restarts.forEach((offset, i) => {
    tail.writeUInt32LE(offset, 4 * i);
  });
  tail.writeUInt32LE(Math.max(1, restarts.length), tail.length - 4);
  const body = Buffer.concat([...parts, tail, Buffer.from([UNPACKED])]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(maskedCrc32c(body));
  return Buffer.concat([body, checksum]);
}

function toVarint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
