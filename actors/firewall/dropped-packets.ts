import type { RuleCounter } from '../../native/nft/index.ts';
import type { DroppedPackets } from './port.ts';
import { blockedFamily } from './table.ts';

/** The rules that drop for a blocked set, a candidate's as well. */
export function droppedBy(counters: readonly RuleCounter[]): readonly DroppedPackets[] {
  const sums = new Map<4 | 6, DroppedPackets>();
  for (const { name, packets, bytes } of counters) {
    const family = blockedFamily(name);
    if (family === undefined) continue;
    const before = sums.get(family) ?? { family, packets: 0, bytes: 0 };
    sums.set(family, { family, packets: before.packets + packets, bytes: before.bytes + bytes });
  }
  return [...sums.values()];
}
