import { byStart } from '../../core/base/aggregate.ts';
import { type Cidr, overlaps, parseCidr } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { NftElement, NftOp } from '../../native/nft/index.ts';
import { decisionFrom, timeoutOf } from './elements.ts';
import type { KernelNetwork } from './port.ts';
import { BLOCKED_NETWORK_SETS, blockedNetworkSet } from './table.ts';

type Placed = KernelNetwork & { readonly net: Cidr };

/**
 * Makes the sets of blocked networks hold exactly these, in one transaction. Interval sets refuse overlaps, so of two
 * networks of which one holds the other only the wider is there; the narrower follows when that one has ended. Networks are
 * few enough to be written anew at every change.
 */
export const networkOps = (networks: readonly KernelNetwork[], now: Millis): readonly NftOp[] => [
  ...BLOCKED_NETWORK_SETS.map((set) => ({ kind: 'flush', set }) as const),
  ...outermost(networks).map(
    ({ net, id, expiresAt }) =>
      ({
        kind: 'add',
        set: blockedNetworkSet(net.family),
        key: net.text,
        timeout: timeoutOf(expiresAt, now),
        comment: id,
      }) as const,
  ),
];

/** Reads an element back; undefined when no decision of ours stands behind it. */
export function networkFrom(element: NftElement, now: Millis): KernelNetwork | undefined {
  const net = parseCidr(element.key);
  const decided = decisionFrom(element, now);
  return net.ok && decided !== undefined ? { network: net.value.text, ...decided } : undefined;
}

/** Sorted by address, what a network holds comes right behind it. */
export function outermost(networks: readonly KernelNetwork[]): readonly Placed[] {
  const placed = networks.flatMap((network): Placed[] => {
    const net = parseCidr(network.network);
    return net.ok ? [{ ...network, net: net.value }] : [];
  });
  const outer: Placed[] = [];
  for (const next of placed.sort((a, b) => byStart(a.net, b.net))) {
    const last = outer.at(-1);
    if (last === undefined || !overlaps(last.net, next.net)) outer.push(next);
  }
  return outer;
}
