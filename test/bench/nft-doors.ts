import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { done } from '../contract/nft-suite-ground.ts';

/** A way to the engine, measured beside the others. */
export interface Door {
  readonly name: string;
  /** @param netns name of the namespace */
  open(netns: string): Promise<NftPort>;
}

/** The addon first. */
export const DOORS: readonly [Door, ...Door[]] = [
  { name: 'addon', open: async (netns) => done(await openNft({ netns })) },
];
