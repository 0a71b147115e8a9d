import type { DesiredBlocks, KernelBlock, KernelNetwork } from '../firewall/index.ts';
import type { AllowBook } from './allow-book.ts';
import { kernelBlockOf, kernelNetworkOf, type Ledger } from './ledger.ts';
import type { Responder } from './responder.ts';

/** The books as the firewall reads them. */
export const desiredBlocks = (ledger: Ledger, allowed: AllowBook, responder: () => Responder): DesiredBlocks => ({
  // As they are: there may be very many.
  blocks: (): Iterable<KernelBlock> => ledger.active(),
  blockCount: () => ledger.size,
  blockOf: (ip) => {
    const standing = ledger.of(ip);
    return standing === undefined ? undefined : kernelBlockOf(standing);
  },
  networks: function* (): Generator<KernelNetwork> {
    for (const decision of ledger.networks.active()) yield kernelNetworkOf(decision);
  },
  allowed: () => allowed.networks(),
  allowedPorts: () => allowed.ports(),
  hasEnded: (id) => ledger.hasEnded(id),
  adopt: (blocks) => responder().adopt(blocks),
  adoptNetworks: (networks) => responder().adoptNetworks(networks),
  refuse: (blocks, why) => responder().refuse(blocks, why),
});
