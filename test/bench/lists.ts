import { systemClock } from '../../actors/clock/index.ts';
import { createFirewall, type ListUse } from '../../actors/firewall/index.ts';
import { countOf } from '../../core/respond/lists/columns.ts';
import { ListReader } from '../../core/respond/lists/reader.ts';
import { openNft } from '../../native/nft/index.ts';
import { MemoryFolder } from '../support/memory-folder.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';
import { declareBench } from './bench.ts';
import { rounded } from './statistics.ts';

const PIECE = 65_536;
const BAD: ListUse = { name: 'bad', kind: 'block', mode: 'enforce', id: 'bad' };
const MIB = 1024 * 1024;

export const lists = declareBench({
  name: 'lists',
  about: 'a list of addresses and networks, from its text to the kernel, then a second generation of it (root)',
  options: {
    addresses: { about: 'single addresses', value: 1_000_000 },
    networks: { about: 'networks', value: 100_000 },
  },
  run: async ({ addresses, networks }, say) => {
    const namespace = new NetworkNamespace('bench');
    const nft = await openNft({ netns: namespace.name });
    if (!nft.ok) throw new Error(nft.public);
    const desired = new Map<string, ReturnType<typeof read>['columns']>();
    const firewall = createFirewall({
      nft: nft.value,
      clock: systemClock,
      log: () => {},
      desired: NOTHING,
      lists: { columnsOf: (id) => desired.get(id) },
      settings: { table: 'bartizan', maxBlocks: 1000, content: { infra: [], denied: [], lists: [BAD] } },
      folder: new MemoryFolder(),
    });
    try {
      await firewall.enable();
      const text = Buffer.from(textOf(addresses, networks, 0));
      global.gc?.();
      const before = process.memoryUsage().rss;
      const first = read(text);
      say(`parsed ${text.length} bytes in ${first.seconds} s`);
      const peak = watchRss();
      const load = async (columns: ReturnType<typeof read>['columns']): Promise<number> => {
        desired.set(BAD.id, columns);
        const start = performance.now();
        const done = await firewall.lists.changed();
        if (!done.ok) throw new Error(done.public);
        return rounded((performance.now() - start) / 1000);
      };
      const load_s = await load(first.columns);
      say(`in force after ${load_s} s`);
      const replace_s = await load(read(Buffer.from(textOf(addresses, networks, 1))).columns);
      const extra_rss_mb = rounded((peak() - before) / MIB);
      const held = countOf(first.columns)[4];
      say(`another generation in its place after ${replace_s} s, at most ${extra_rss_mb} MB more than before`);
      return { ...held, parse_s: first.seconds, load_s, replace_s, extra_rss_mb };
    } finally {
      await firewall.close();
      await nft.value.close();
      namespace.dispose();
    }
  },
});

const NOTHING: Parameters<typeof createFirewall>[0]['desired'] = {
  blocks: () => [],
  blockOf: () => undefined,
  blockCount: () => 0,
  networks: () => [],
  allowed: () => [],
  allowedPorts: () => [],
  hasEnded: async () => false,
  adopt: async () => {},
  adoptNetworks: async () => {},
  refuse: async () => {},
};

/** Addresses and networks that do not meet; another `turn`, other ones for the most part. */
function textOf(addresses: number, networks: number, turn: number): string {
  const lines: string[] = [];
  for (let i = 0; i < addresses; i++) {
    const n = Math.imul(i + turn * 1000, 2_654_435_761) >>> 8;
    lines.push(`${20 + (n >>> 22)}.${(n >>> 14) & 255}.${(n >>> 6) & 255}.${((n & 63) << 2) | (i & 3)}`);
  }
  for (let i = 0; i < networks; i++) lines.push(`${100 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) << 2}.0/23`);
  return lines.join('\n');
}

function read(text: Uint8Array) {
  const start = performance.now();
  const reader = new ListReader({ format: 'auto', maxEntries: 10_000_000, widest: { v4: 8, v6: 19 } });
  for (let at = 0; at < text.length; at += PIECE) reader.feed(text.subarray(at, at + PIECE));
  const done = reader.end();
  if (!done.ok) throw new Error(done.public);
  return { columns: done.value.columns, seconds: rounded((performance.now() - start) / 1000) };
}

/** The most memory seen until it is asked, looked at every 20 ms. */
function watchRss(): () => number {
  let most = process.memoryUsage().rss;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}
