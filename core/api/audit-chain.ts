import { utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { AuditRecord, ChainedAuditRecord } from './audit.ts';

/** The newest link of a chain; whoever keeps it elsewhere can tell later that no record after it was cut off. */
export interface ChainHead {
  /** 0 before the first record. */
  readonly serial: number;
  /** SHA-256, 64 hex digits; zeros before the first record. */
  readonly hash: string;
}

/**
 * A head as it is kept: signed by the device's key, where there was one, so that a chain that somebody made anew from its
 * first record on shows, too.
 */
export interface SignedHead extends ChainHead {
  /** Whose signature it is: `ssh-ed25519 BASE64`. */
  readonly key: string;
  /** Ed25519 over `headText` in `HEAD_DOMAIN`, base64. */
  readonly signature: string;
}

/** Use of the device's key. */
export const HEAD_DOMAIN = 'bartizan audit head 1';
export const headText = ({ serial, hash }: ChainHead): string => `${serial} ${hash}`;

export const GENESIS: ChainHead = { serial: 0, hash: '0'.repeat(64) };

/** `altered`: the record is not what was hashed. `missing`: serials jump. `unlinked`: it follows another record. */
export type ChainFault = 'altered' | 'missing' | 'unlinked';

/** Hashes of this chain can never be mistaken for those of another use of SHA-256 over JSON. */
const DOMAIN = 'bartizan audit 1\n';

/**
 * One text for one JSON value (RFC 8785): members sorted by UTF-16 code units, no white space, undefined members left
 * out. Throws on what JSON cannot carry (NaN, functions, bigint): a bug of the caller.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('JSON has no such number');
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`);
  return text;
}

/** The record as the next link after `head`. */
export function seal(head: ChainHead, record: AuditRecord): ChainedAuditRecord {
  const linked = { ...record, serial: head.serial + 1, prev: head.hash };
  return { ...linked, hash: hashOf(linked) };
}

/** The head after one more stored record, or how it does not follow. Takes whatever a store may hold. */
export function follow(head: ChainHead, stored: unknown): Result<ChainHead, ChainFault> {
  const expected = head.serial + 1;
  if (typeof stored !== 'object' || stored === null) {
    return fail('altered', `audit record ${expected} is not a record`);
  }
  const { hash, ...linked }: Partial<ChainedAuditRecord> = stored;
  if (linked.serial !== expected) {
    const found = canonicalJson(linked.serial ?? null).slice(0, 20);
    return fail('missing', `audit record ${expected} is missing: ${found} stands in its place`);
  }
  if (hash === undefined || hash !== hashOf(linked)) return fail('altered', `audit record ${expected} was altered`);
  if (linked.prev !== head.hash) return fail('unlinked', `audit record ${expected} does not follow the one before it`);
  return ok({ serial: expected, hash });
}

/**
 * Walks stored records in order.
 * @param range `from`: the link before the first record. `to`: the head as it was kept elsewhere, without which records
 * cut off the end cannot be noticed.
 */
export function verifyChain(
  records: Iterable<unknown>,
  { from = GENESIS, to }: { readonly from?: ChainHead; readonly to?: ChainHead } = {},
): Result<ChainHead, ChainFault> {
  let head = from;
  for (const record of records) {
    const next = follow(head, record);
    if (!next.ok) return next;
    head = next.value;
  }
  return to === undefined ? ok(head) : endsAt(head, to);
}

/** Whether a chain that was walked to `head` is the whole chain. */
export function endsAt(head: ChainHead, to: ChainHead): Result<ChainHead, ChainFault> {
  if (head.serial < to.serial) return fail('missing', `audit records ${head.serial + 1} to ${to.serial} are missing`);
  if (head.serial > to.serial) return fail('unlinked', `audit records go past the head, which is ${to.serial}`);
  return head.hash === to.hash ? ok(head) : fail('altered', `audit record ${to.serial} is not the one the head names`);
}

const hashOf = (linked: object): string => sha256Hex(utf8ToBytes(DOMAIN + canonicalJson(linked)));
