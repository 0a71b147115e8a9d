import { type DecisionId, isId } from '../../core/base/ids.ts';
import { parseIp } from '../../core/base/ip.ts';
import { type Deadline, days, type Millis, plus } from '../../core/base/time.ts';
import type { NftElement, NftOp } from '../../native/nft/index.ts';
import type { KernelBlock } from './port.ts';
import { blockedSet } from './table.ts';

/** How far a timeout in the kernel may be off before it is set anew. */
const TIMEOUT_SLACK_MS = 2000;

/** The longest timeout handed to the kernel; a block that lasts longer stands there for good until its end is due. */
const LONGEST_TIMEOUT: Millis = days(365);

/**
 * Time left to hand to the kernel. At least one millisecond: a block that ended between decision and transaction is put
 * in and gone at once, rather than refused.
 */
export function timeoutOf(expiresAt: Deadline, now: Millis): Millis | 'never' {
  if (expiresAt === 'never' || expiresAt - now > LONGEST_TIMEOUT) return 'never';
  return Math.max(1, expiresAt - now) as Millis;
}

/** The set that an address is blocked in. */
export const setOf = (ip: string): string => blockedSet(ip.includes(':') ? 6 : 4);

const addOp = (block: KernelBlock, now: Millis): NftOp => ({
  kind: 'add',
  set: setOf(block.ip),
  key: block.ip,
  timeout: timeoutOf(block.expiresAt, now),
  comment: block.id,
});

/**
 * Adds the block whether or not the address is in the set. An element that stands keeps its old timeout and comment when
 * added again, and deleting one that is missing fails the batch; add, delete, add does what is meant in both cases.
 */
export const putOps = (block: KernelBlock, now: Millis): readonly NftOp[] => [
  addOp(block, now),
  { kind: 'delete', set: setOf(block.ip), key: block.ip },
  addOp(block, now),
];

/** Removes the address whether or not it is in the set: the kernel may have timed it out a moment ago. */
export const removeOps = (ip: string): readonly NftOp[] => [
  { kind: 'add', set: setOf(ip), key: ip, timeout: 1000 as Millis },
  { kind: 'delete', set: setOf(ip), key: ip },
];

/** Reads an element of a blocked set back; its comment is the decision's id, unless somebody else put it there. */
export function blockFrom(element: NftElement, now: Millis): { readonly block?: KernelBlock; readonly key: string } {
  const parsed = parseIp(element.key);
  const decided = decisionFrom(element, now);
  if (!parsed.ok || decided === undefined) return { key: element.key };
  return { key: element.key, block: { ip: parsed.value.text, ...decided } };
}

/** What an element tells of the decision behind it. */
export function decisionFrom({ comment, timeout }: NftElement, now: Millis): Omit<KernelBlock, 'ip'> | undefined {
  if (comment === undefined || !isId(comment)) return undefined;
  return { id: comment as DecisionId, expiresAt: timeout === 'never' ? 'never' : plus(now, timeout) };
}

/** Whether this element stands for the block and ends when that does. */
export function isHeld(wanted: KernelBlock, element: NftElement | undefined, now: Millis): boolean {
  if (element === undefined || element.comment !== wanted.id) return false;
  const left = timeoutOf(wanted.expiresAt, now);
  if (element.timeout === 'never' || left === 'never') return element.timeout === left;
  return Math.abs(element.timeout - left) <= TIMEOUT_SLACK_MS;
}
