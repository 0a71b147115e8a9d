import { nftSuite } from '../contract/nft-suite.ts';
import { knock, overwhelm } from '../support/foreign-nft.ts';
import { HandSite } from '../support/net-hand.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

// The suite declares tables of many names and rules that drop without letting anybody in: what the engine makes of them is
// what it asks about. What a guarded hand refuses is in hand-policy.
nftSuite(
  'net hand',
  async () => {
    const namespace = new NetworkNamespace('hands');
    const sites: HandSite[] = [];
    return {
      open: async () => {
        const site = new HandSite(namespace.name, ['--unguarded']);
        sites.push(site);
        await site.start();
        return site.open();
      },
      eventually: (length, holds) => waitUntil('the kernel got there', length + 5000, holds),
      overwhelm: async (table, set) => overwhelm(namespace, table, set, ...sites.map(({ pid }) => pid)),
      knock: async () => knock(namespace),
      runs: 30,
      scale: 1,
      dispose: async () => {
        for (const site of sites) await site.dispose();
        namespace.dispose();
      },
    };
  },
  namespacesUnavailable(),
);
