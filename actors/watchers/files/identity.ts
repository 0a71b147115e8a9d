import { crc32 } from 'node:zlib';
import { ok, type Result } from '../../../core/base/result.ts';
import type { FileCode, FileStat, OpenFile } from './file-system.ts';
import type { Cursor } from './port.ts';

/** Makes `Position.source` of a file's first line: at most 1,024 bytes of it, without its line end. */
export type FingerprintOf = (firstLine: Uint8Array) => string;

/** How much of the first line identifies a file. */
export const FINGERPRINT_BYTES = 1024;

/** How many bytes before a reading place are compared to know that the file is still the one that was read. */
export const ANCHOR_BYTES = 64;

export const LINE_END = 0x0a;

/**
 * The fingerprint of a file that begins with `head`, or `''` while the first line is not known: neither its end nor its
 * first 1,024 bytes are there.
 */
export function fingerprintOfHead(head: Uint8Array, fingerprintOf: FingerprintOf): string {
  const end = head.subarray(0, FINGERPRINT_BYTES).indexOf(LINE_END);
  if (end < 0 && head.length < FINGERPRINT_BYTES) return '';
  return fingerprintOf(head.subarray(0, end < 0 ? FINGERPRINT_BYTES : end));
}

export const anchorSum = (anchor: Uint8Array): number => (anchor.length === 0 ? 0 : crc32(anchor));

/** What a reader must know to go on in an open file. */
export interface Spot {
  readonly stat: FileStat;
  readonly fingerprint: string;
  readonly offset: number;
  /** The up to `ANCHOR_BYTES` bytes before `offset`. */
  readonly anchor: Uint8Array;
}

export async function readFingerprint(file: OpenFile, fingerprintOf: FingerprintOf): Promise<Result<string, FileCode>> {
  const head = new Uint8Array(FINGERPRINT_BYTES);
  const read = await file.read(head, 0);
  return read.ok ? ok(fingerprintOfHead(head.subarray(0, read.value), fingerprintOf)) : read;
}

/** The spot at `offset`, which must be a line start. */
export async function spotAt(
  file: OpenFile,
  offset: number,
  fingerprintOf: FingerprintOf,
): Promise<Result<Spot, FileCode>> {
  const stat = await file.stat();
  if (!stat.ok) return stat;
  const fingerprint = await readFingerprint(file, fingerprintOf);
  if (!fingerprint.ok) return fingerprint;
  const anchor = new Uint8Array(Math.min(offset, ANCHOR_BYTES));
  const read = await file.read(anchor, offset - anchor.length);
  if (!read.ok) return read;
  return ok({ stat: stat.value, fingerprint: fingerprint.value, offset, anchor: anchor.subarray(0, read.value) });
}

/**
 * The spot `cursor` stands for, when `file` holds what was read up to there; `undefined` when it is another file or was
 * truncated.
 * @param cursor with a fingerprint: one that was made before the first line came names no content
 */
export async function spotOf(
  file: OpenFile,
  cursor: Cursor,
  fingerprintOf: FingerprintOf,
): Promise<Result<Spot | undefined, FileCode>> {
  const spot = await spotAt(file, cursor.offset, fingerprintOf);
  if (!spot.ok) return spot;
  const { stat, fingerprint, anchor } = spot.value;
  const same =
    fingerprint === cursor.fingerprint &&
    stat.size >= cursor.offset &&
    anchor.length === Math.min(cursor.offset, ANCHOR_BYTES) &&
    anchorSum(anchor) === cursor.anchor;
  return ok(same ? spot.value : undefined);
}

/**
 * The offset behind the last complete line of the first `size` bytes: 0 when there is none. Reads backwards in blocks, so
 * that the length of the last line does not matter.
 */
export async function lastLineEnd(file: OpenFile, size: number): Promise<Result<number, FileCode>> {
  const block = new Uint8Array(64 * 1024);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const read = await file.read(block.subarray(0, end - start), start);
    if (!read.ok) return read;
    const at = block.subarray(0, read.value).lastIndexOf(LINE_END);
    if (at >= 0) return ok(start + at + 1);
    end = start;
  }
  return ok(0);
}
