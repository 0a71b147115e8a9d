import { openNft } from '../../native/nft/index.ts';
import { nftSuite } from '../contract/nft-suite.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

nftSuite(
  'kernel',
  async () => {
    const namespace = new NetworkNamespace('suite');
    return {
      open: async () => done(await openNft({ netns: namespace.name })),
      eventually: (length, holds) => waitUntil('the kernel got there', length + 5000, holds),
      runs: 60,
      dispose: async () => namespace.dispose(),
    };
  },
  namespacesUnavailable(),
);
