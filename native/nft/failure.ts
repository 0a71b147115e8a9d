import { getSystemErrorName } from 'node:util';
import type { NftCode, NftFailure } from './port.ts';

/** Codes as they travel in an answer: the index is the number. Append, never reorder (engine/types.h). */
export const CODES = [
  undefined,
  'denied',
  'busy',
  'exists',
  'missing',
  'full',
  'resync',
  'invalid',
  'closed',
  'rejected',
] as const satisfies readonly (NftCode | undefined)[];

/** Linux errnos that the fake answers with, as the kernel does. */
export const ERRNO = { ENOENT: 2, EEXIST: 17, ENFILE: 23, ENOTEMPTY: 39 } as const;

/** Refused before anything was sent. */
export const refuse = (text: string, failedOp?: number): NftFailure => failure('invalid', 0, text, failedOp);

export const CLOSED: NftFailure = {
  ok: false,
  code: 'closed',
  public: 'the firewall port was closed; open a new one',
  errno: 0,
};

export const failure = (code: NftCode, errno: number, text: string, failedOp?: number): NftFailure =>
  failedOp === undefined
    ? { ok: false, code, public: text, errno }
    : { ok: false, code, public: text, errno, failedOp };

/** A load's failure, which says what stands of it. */
export const loadEnded = (failed: NftFailure, loaded: number): NftFailure => ({
  ...failed,
  public: `${failed.public}; ${loaded} keys stand`,
  loaded,
});

const TOO_LARGE = 90; // EMSGSIZE
const WITHOUT_NFTABLES: ReadonlySet<number> = new Set([93, 95, 97]); // EPROTONOSUPPORT, EOPNOTSUPP, EAFNOSUPPORT

/**
 * The kernel's refusal in plain words, with what to do about it.
 * @param doing what was tried, as a noun phrase: `commit to table bartizan`
 * @param op the op at fault in words, where it is known
 */
export function kernelRefusal(
  code: NftCode,
  errno: number,
  doing: string,
  failedOp?: number,
  op: string = 'it',
): NftFailure {
  return failure(code, errno, `${doing}: ${explain(code, errno, op)}`, failedOp);
}

function explain(code: NftCode, errno: number, op: string): string {
  const name = errno === 0 ? '' : ` (${getSystemErrorName(-errno)})`;
  if (WITHOUT_NFTABLES.has(errno)) {
    return `the kernel offers no nftables${name}: load the module nf_tables (modprobe nf_tables), or use a kernel built with CONFIG_NF_TABLES`;
  }
  if (errno === TOO_LARGE) {
    return `the batch is larger than the socket may send${name}: send fewer ops at once, or run with CAP_NET_ADMIN`;
  }
  switch (code) {
    case 'denied':
      return `not permitted${name}: this needs CAP_NET_ADMIN in the network namespace; start the net hand (bartizan-net-hand.socket), run as root, or grant the capability`;
    case 'busy':
      return `${op} is in use${name}: something else in the kernel refers to it; look at \`nft list ruleset\``;
    case 'exists':
      return `${op} overlaps a network in the set${name}: aggregate, or delete the other one first`;
    case 'missing':
      return `${op} names a table, set or element that is not there${name}: ensure the table, list the set`;
    case 'full':
      return `the set is full${name}: declare it with a larger size, or delete elements first`;
    case 'resync':
      return `what the kernel did is unknown${name}: read its state back and try again`;
    case 'closed':
      return CLOSED.public;
    default:
      return `the kernel refused ${op}${name}`;
  }
}

/** Why a network namespace could not be entered. */
export function namespaceRefusal(code: NftCode, errno: number, netns: string): NftFailure {
  const name = errno === 0 ? '' : ` (${getSystemErrorName(-errno)})`;
  const shown = netns.startsWith('/') ? netns : `/run/netns/${netns}`;
  const text =
    code === 'missing'
      ? `network namespace ${shown} does not exist${name}: make it with \`ip netns add\`, or correct firewall.netns`
      : code === 'denied'
        ? `entering network namespace ${shown} is not permitted${name}: this needs CAP_SYS_ADMIN; run as root, or start inside the namespace and name none`
        : `${shown} cannot be entered as a network namespace${name}: name one that \`ip netns list\` shows`;
  return failure(code, errno, text);
}
