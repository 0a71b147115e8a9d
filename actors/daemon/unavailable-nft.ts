import type { NftFailure, NftPort } from '../../native/nft/index.ts';

/** Stands in for a kernel that cannot be reached: who only observes can go on without, and every call says why not. */
export function unavailableNft(why: NftFailure): NftPort {
  const refuse = async (): Promise<NftFailure> => why;
  return {
    ensure: refuse,
    drop: refuse,
    commit: refuse,
    load: refuse,
    find: refuse,
    count: refuse,
    fingerprint: refuse,
    baseChains: refuse,
    watch: refuse,
    list: refuse,
    counters: refuse,
    localAddresses: refuse,
    close: async () => {},
  };
}
