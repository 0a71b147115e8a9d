import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Random } from './ports.ts';
import type { Millis } from './time.ts';

/** A UUID in its lower-case text form; versions 7 and 8 sort by time. */
export type Id = string & { readonly kind: 'id' };
export type FindingId = Id & { readonly of: 'finding' };
export type DecisionId = Id & { readonly of: 'decision' };

const VERSION_7 = 0x70;
const VERSION_8 = 0x80;
const VARIANT = 0x80;

/** UUIDv7 (RFC 9562): 48 bits of time, 74 random bits. */
export const uuidv7 = (now: Millis, random: Random): Id => timeId(now, random.bytes(10), VERSION_7);

/**
 * UUIDv8: 48 bits of event time, then 74 bits of SHA-256 over the given parts. The same parts give the same id on every
 * run, which is what makes a re-fed log idempotent. Parts are length-prefixed, so `["ab","c"]` and `["a","bc"]` differ.
 */
export function contentId(at: Millis, parts: readonly string[]): Id {
  const text = parts.map((part) => `${utf8Length(part)}:${part}`).join('');
  return timeId(at, sha256(utf8ToBytes(text)).subarray(0, 10), VERSION_8);
}

/** SHA-256 of the bytes as lower-case hex. */
export const sha256Hex = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));

/** Whether `text` has the form of an id this product makes. */
export const isId = (text: string): text is Id =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);

/** Whether `contentId` made it. */
export const isContentId = (id: Id): boolean => id[14] === '8';

/** The moment in an id's first 48 bits. */
export const idTime = (id: Id): Millis => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) as Millis;

/** Sorts before every id made at `at` or later. */
export const idFloor = (at: Millis): Id => timeId(at, new Uint8Array(10), 0);
const BEYOND_ASCII = /\P{ASCII}/u;

const utf8Length = (text: string): number => (BEYOND_ASCII.test(text) ? utf8ToBytes(text).length : text.length);

function timeId(at: Millis, tail: Uint8Array, version: number): Id {
  const time = Math.max(0, Math.floor(at));
  const high = Math.floor(time / 2 ** 32);
  const hex = (i: number): string => HEX[tail[i] ?? 0] ?? '';
  const front = `${byteHex(high >>> 8)}${byteHex(high)}${byteHex(time >>> 24)}${byteHex(time >>> 16)}`;
  const middle = `${byteHex(time >>> 8)}${byteHex(time)}-${byteHex(((tail[0] ?? 0) & 0x0f) | version)}${hex(1)}`;
  const clock = `${byteHex(((tail[2] ?? 0) & 0x3f) | VARIANT)}${hex(3)}`;
  return `${front}-${middle}-${clock}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}` as Id;
}

/** Every request gets an id, hence the table. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteHex = (value: number): string => HEX[value & 0xff] ?? '';
