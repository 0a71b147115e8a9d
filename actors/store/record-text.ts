import { crc32 } from 'node:zlib';
import type { Content, TextOp } from './disk.ts';

/** @throws TypeError for what JSON cannot carry at the top: `undefined`, a function, a cycle. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} cannot be stored`);
  return text;
}

/** Between the checksum and what it is of: before JSON, before bytes. */
const [JSON_MARK, BYTES_MARK] = [0x3a, 0x3b];
/** A checksum in base 36 has no more digits. */
const LONGEST_CHECKSUM = 7;

/**
 * Records as they lie on disk: CRC-32 over key and content in base 36, a colon and the JSON, or a semicolon and the bytes.
 * LevelDB 1.20 as it is built here does not verify its blocks' checksums when it reads, so without one of our own a flipped
 * bit would be believed.
 *
 * Those of JSON are in memory beside the engine's heap, those of a commit in one piece. What is written is there until the disk has it, and as
 * texts of its own it was half of what the collector had to carry along. They are made bytes all at once: record by record
 * that took twice as long. Tuples are not taken apart here and on the way to LevelDB: that would make three objects more of each.
 */
export function sealed(ops: readonly TextOp[]): readonly TextOp[] {
  // One text beyond ASCII would have all that are joined with it be twice as long, and take twice as long.
  const texts = ops.map(({ 1: content }) =>
    typeof content === 'string' && Buffer.byteLength(content) === content.length ? content : undefined,
  );
  const room = Buffer.from(texts.map((text) => (text === undefined ? '' : ROOM + text)).join(''), 'latin1');
  let end = 0;
  return ops.map((op, i): TextOp => {
    const content = op[1];
    if (content === undefined) return op;
    const text = texts[i];
    if (text === undefined) return [op[0], sealedAlone(op[0], content)];
    const start = end + ROOM.length;
    end = start + text.length;
    const from = writeChecksum(room, start, crc32(room.subarray(start, end), crc32(op[0])));
    return [op[0], new Uint8Array(room.buffer, room.byteOffset + from, end - from)];
  });
}

/** Before a JSON in `sealed`: a checksum as long as they get, and the mark. */
const ROOM = `${'0'.repeat(LONGEST_CHECKSUM)}:`;
const DIGITS = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');

/** @param end of `ROOM` @returns where the checksum begins */
function writeChecksum(room: Buffer, end: number, sum: number): number {
  let at = end - 1;
  let rest = sum;
  do {
    at--;
    room[at] = DIGITS[rest % 36] as number;
    rest = Math.floor(rest / 36);
  } while (rest > 0);
  return at;
}

const sealedAlone = (key: string, content: Content): Uint8Array =>
  typeof content === 'string' ? Buffer.from(`${checksum(key, content)}:${content}`) : sealedBytes(key, content);

function sealedBytes(key: string, content: Uint8Array): Uint8Array {
  const sum = crc32(content, crc32(key)).toString(36);
  return Buffer.concat([Buffer.from(`${sum};`), content]);
}

/** The JSON of a sealed record; `undefined` when it is not what was written under this key. */
export function unseal(key: string, text: string): string | undefined {
  const colon = text.indexOf(':');
  const json = text.slice(colon + 1);
  return colon > 0 && text.slice(0, colon) === checksum(key, json) ? json : undefined;
}

/** Of a sealed record as bytes, read as text: whether it holds bytes and no JSON. */
export const holdsBytes = (text: string): boolean => /^[0-9a-z]{1,7};/.test(text);

/** What a sealed record holds; `undefined` when it is not what was written under this key. */
export function unsealRaw(key: string, record: Uint8Array): Content | undefined {
  const found = intact(key, record);
  return found?.mark === JSON_MARK ? UTF8.decode(found.content) : found?.content;
}

/** Whether a sealed record is what was written under this key. */
export const isIntact = (key: Uint8Array, record: Uint8Array): boolean => intact(key, record) !== undefined;

function intact(key: string | Uint8Array, record: Uint8Array) {
  const at = record.subarray(0, LONGEST_CHECKSUM + 1).findIndex((byte) => byte === JSON_MARK || byte === BYTES_MARK);
  if (at < 1) return undefined;
  const content = record.subarray(at + 1);
  const sum = UTF8.decode(record.subarray(0, at));
  return sum === crc32(content, crc32(key)).toString(36) ? { mark: record[at], content } : undefined;
}

const UTF8 = new TextDecoder();

const checksum = (key: string, json: string): string => crc32(key + json).toString(36);
