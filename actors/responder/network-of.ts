import { contains, type Ip, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { NetworkDecision } from '../../core/respond/decision.ts';
import type { AllowBook } from './allow-book.ts';
import type { Ledger } from './ledger.ts';

/** Finds the block of the network that an address is in; none for an address that is let in by itself. */
export const networkBlockOf =
  (ledger: Ledger, allowed: Pick<AllowBook, 'covering'>) =>
  (ip: Ip): NetworkDecision | undefined => {
    const address = parseIp(ip);
    if (!address.ok || allowed.covering(address.value) !== undefined) return undefined;
    for (const decision of ledger.networks.active()) {
      const net = parseCidr(decision.network);
      if (net.ok && contains(net.value, address.value)) return decision;
    }
    return undefined;
  };
