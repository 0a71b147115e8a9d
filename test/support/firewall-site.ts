import { systemClock } from '../../actors/clock/index.ts';
import {
  type AllowedAtPort,
  createFirewall,
  type DesiredBlocks,
  type DriftReport,
  type FirewallContent,
  type KernelBlock,
  type KernelFirewall,
  type KernelNetwork,
} from '../../actors/firewall/index.ts';
import type { Cidr, Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { ListColumns } from '../../core/respond/lists/columns.ts';

import { type NftPort, openNft } from '../../native/nft/index.ts';
import { MemoryFolder } from './memory-folder.ts';

/** What a kernel firewall works for in a test: books in memory. */
export class FirewallSite {
  readonly blocks = new Map<Ip, KernelBlock>();
  networks: readonly KernelNetwork[] = [];
  allowed: readonly Cidr[] = [];
  atPorts: readonly AllowedAtPort[] = [];
  /** Bulk lists by id. */
  readonly lists = new Map<string, ListColumns>();
  readonly folder = new MemoryFolder();
  readonly logged: unknown[][] = [];
  readonly reports: DriftReport[] = [];
  /** How often rules were read to compare them. */
  fingerprints = 0;
  readonly desired: DesiredBlocks = {
    blocks: () => this.blocks.values(),
    blockCount: () => this.blocks.size,
    blockOf: (ip) => this.blocks.get(ip),
    allowed: () => this.allowed,
    allowedPorts: () => this.atPorts,
    networks: () => this.networks,
    adoptNetworks: async () => {},
    hasEnded: async () => false,
    refuse: async () => {},
    adopt: async (blocks) => {
      for (const block of blocks) this.blocks.set(block.ip, block);
    },
  };
  readonly #log: Log = (...about) => this.logged.push(about);

  /** A firewall on the kernel of a namespace, as a process begins with it. */
  async open(netns: string, content: FirewallContent, maxBlocks = 1000): Promise<KernelFirewall> {
    const nft = await openNft({ netns });
    if (!nft.ok) throw new Error(nft.public);
    return this.on(nft.value, systemClock, content, maxBlocks);
  }

  /** The same on any kernel. */
  on(nft: NftPort, clock: Clock, content: FirewallContent, maxBlocks = 1000): KernelFirewall {
    const fingerprint = nft.fingerprint.bind(nft);
    nft.fingerprint = (table) => {
      this.fingerprints++;
      return fingerprint(table);
    };
    return createFirewall({
      nft,
      clock,
      log: this.#log,
      desired: this.desired,
      lists: { columnsOf: (id) => this.lists.get(id) },
      settings: { table: 'bartizan', maxBlocks, content },
      folder: this.folder,
      report: (report) => this.reports.push(report),
    });
  }
}
