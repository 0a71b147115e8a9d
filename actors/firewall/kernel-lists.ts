import type { RuleCounter } from '../../native/nft/index.ts';
import type { ListLoader } from './list-loader.ts';
import { listOfCounter } from './list-rules.ts';
import type { KernelLists, ListPackets } from './port.ts';

/** @param counters what the table's rules counted; empty while there is none, or when it does not tell */
export const kernelLists = (loader: ListLoader, counters: () => Promise<readonly RuleCounter[]>): KernelLists => ({
  changed: () => loader.run(),
  facts: (id) => loader.facts(id),
  expected: () => loader.expected(),
  packets: async () => packetsByList(await counters()),
});

/** Both families together, the candidate's rules too. */
function packetsByList(counters: readonly RuleCounter[]): ReadonlyMap<string, ListPackets> {
  const sums = new Map<string, ListPackets>();
  for (const { name, packets, bytes } of counters) {
    const list = listOfCounter(name);
    if (list === undefined) continue;
    const before = sums.get(list) ?? { packets: 0, bytes: 0 };
    sums.set(list, { packets: before.packets + packets, bytes: before.bytes + bytes });
  }
  return sums;
}
