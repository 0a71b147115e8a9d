import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { HandSite } from '../support/net-hand.ts';

/** A way to the engine, measured beside the others. */
export interface Door {
  readonly name: string;
  /** @param netns name of the namespace */
  open(netns: string): Promise<NftPort>;
}

/** The addon first. */
export const DOORS: readonly [Door, ...Door[]] = [
  { name: 'addon', open: async (netns) => done(await openNft({ netns })) },
  { name: 'hand', open: openThroughHand },
];

/** A hand of its own, without its policy: the table measured here is not the product's. It ends with the port. */
async function openThroughHand(netns: string): Promise<NftPort> {
  const site = new HandSite(netns, ['--unguarded']);
  await site.start();
  const port = await site.open();
  const close = port.close.bind(port);
  port.close = async () => {
    await close();
    await site.dispose();
  };
  return port;
}
