import { maskedCrc32c } from './crc32c.ts';

/** A log is read in blocks of this size; no fragment of a record crosses from one into the next (doc/log_format.md). */
const BLOCK = 32_768;
/** Checksum 4, length 2, type 1. */
const HEADER = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/**
 * A write-ahead log of LevelDB with what is damaged blanked out: from a bad fragment to the end of its block, as LevelDB
 * itself skips it when it opens. Its repair does not, and would believe the damaged fragment.
 * @returns the mended log, `undefined` when nothing is damaged; a log that ends in half a fragment is not damaged
 */
export function mendLog(log: Uint8Array): Uint8Array | undefined {
  let mended: Uint8Array | undefined;
  for (let start = 0; start < log.length; start += BLOCK) {
    const block = log.subarray(start, start + BLOCK);
    const bad = firstBad(block);
    if (bad === undefined || (start + BLOCK >= log.length && isTorn(block, bad))) continue;
    mended ??= Uint8Array.from(log);
    mended.fill(0, start + bad, start + block.length);
  }
  return mended;
}

/**
 * The records of a log, their fragments put together; a fragment cut short at the end is left out, as its writer died.
 * @returns `undefined` when the log is damaged
 */
export function logRecords(log: Uint8Array): readonly Uint8Array[] | undefined {
  if (mendLog(log) !== undefined) return undefined;
  const records: Uint8Array[] = [];
  /** Of the record under way; a record whose beginning is missing is none. */
  let parts: Uint8Array[] | undefined;
  for (let start = 0; start < log.length; start += BLOCK) {
    const block = log.subarray(start, start + BLOCK);
    for (let at = 0; at + HEADER <= block.length; ) {
      const end = fragmentEnd(block, at);
      const type = block[at + 6];
      if (end === undefined || type === undefined || type === 0) {
        parts = undefined;
        break;
      }
      if (type === FULL || type === FIRST) parts = [];
      parts?.push(block.subarray(at + HEADER, end));
      if (type === FULL || type === LAST) {
        if (parts !== undefined) records.push(Buffer.concat(parts));
        parts = undefined;
      }
      at = end;
    }
  }
  return records;
}

/** Offset of the first fragment of a block that is not what was written. */
function firstBad(block: Uint8Array): number | undefined {
  for (let at = 0; at + HEADER <= block.length; ) {
    if (block[at + 4] === 0 && block[at + 5] === 0 && block[at + 6] === 0) return undefined;
    const end = fragmentEnd(block, at);
    if (end === undefined) return at;
    at = end;
  }
  return undefined;
}

/** Where the fragment at an offset ends; `undefined` when there is none that is intact. */
function fragmentEnd(block: Uint8Array, at: number): number | undefined {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const end = at + HEADER + view.getUint16(at + 4, true);
  if (end > block.length || maskedCrc32c(block, at + 6, end) !== view.getUint32(at, true)) return undefined;
  return end;
}

/** Whether the writer just died there: its last fragment is cut short, and nothing was written behind it. */
function isTorn(block: Uint8Array, bad: number): boolean {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (bad + HEADER + view.getUint16(bad + 4, true) <= block.length) return false;
  for (let at = bad + HEADER; at + HEADER <= block.length; at++) {
    const type = block[at + 6] ?? 0;
    if (type >= 1 && type <= 4 && fragmentEnd(block, at) !== undefined) return false;
  }
  return true;
}
