import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Random } from './ports.ts';
import { sha256OfText } from './text-hash.ts';
import type { Millis } from './time.ts';

/** A UUID in its lower-case text form; versions 7 and 8 sort by time. */
export type Id = string & { readonly kind: 'id' };
export type FindingId = Id & { readonly of: 'finding' };
export type DecisionId = Id & { readonly of: 'decision' };

const VERSION_7 = 0x70;
const VARIANT = 0x80;

/** UUIDv7 (RFC 9562): 48 bits of time, 74 random bits. */
export const uuidv7 = (now: Millis, random: Random): Id => timeId(now, random.bytes(10), VERSION_7);

/**
 * UUIDv8: 48 bits of event time, then 74 bits of SHA-256 over the given parts. The same parts give the same id on every
 * run, which is what makes a re-fed log idempotent. Parts are length-prefixed, so `["ab","c"]` and `["a","bc"]` differ.
 */
export function contentId(at: Millis, parts: readonly string[]): Id {
  const hex = sha256OfText(lengthsAnd(parts));
  const clock = HEX_CLOCK[Number.parseInt(hex.charAt(4), 16)];
  return `${timeHex(at)}-8${hex.slice(1, 4)}-${clock}${hex.slice(5, 8)}-${hex.slice(8, 20)}` as Id;
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

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Each part behind its length in bytes of UTF-8. Nearly always all are ASCII, and their lengths known: looked for once, in all. */
function lengthsAnd(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return BEYOND_ASCII.test(text) ? parts.map((part) => `${utf8ToBytes(part).length}:${part}`).join('') : text;
}

/** 48 bits, with the hyphen within. */
function timeHex(at: Millis): string {
  const time = Number.isFinite(at) ? Math.max(0, Math.floor(at)) : 0;
  const hex = time.toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

function timeId(at: Millis, tail: Uint8Array, version: number): Id {
  const hex = (i: number): string => HEX[tail[i] ?? 0] ?? '';
  const middle = `${byteHex(((tail[0] ?? 0) & 0x0f) | version)}${hex(1)}`;
  const clock = `${byteHex(((tail[2] ?? 0) & 0x3f) | VARIANT)}${hex(3)}`;
  return `${timeHex(at)}-${middle}-${clock}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}` as Id;
}

/** Every request gets an id, hence the table. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteHex = (value: number): string => HEX[value & 0xff] ?? '';
/** The clock's first digit, for each that a hash may have there: its upper bits are the variant. */
const HEX_CLOCK = '89ab89ab89ab89ab';
