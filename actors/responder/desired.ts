import type { DesiredBlocks, KernelBlock } from '../firewall/index.ts';
import { kernelBlockOf, type Ledger } from './ledger.ts';
import type { Responder } from './responder.ts';

/** The books as the firewall reads them. */
export const desiredBlocks = (ledger: Ledger, responder: () => Responder): DesiredBlocks => ({
  blocks: function* (): Generator<KernelBlock> {
    for (const decision of ledger.active()) yield kernelBlockOf(decision);
  },
  blockOf: (ip) => {
    const standing = ledger.of(ip);
    return standing === undefined ? undefined : kernelBlockOf(standing);
  },
  hasEnded: (id) => ledger.hasEnded(id),
  adopt: (blocks) => responder().adopt(blocks),
  refuse: (blocks, why) => responder().refuse(blocks, why),
});
