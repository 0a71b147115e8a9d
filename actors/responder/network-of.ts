import { contains, type Ip, type ParsedIp, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { NetworkDecision } from '../../core/respond/decision.ts';
import type { AllowBook } from './allow-book.ts';
import type { Ledger } from './ledger.ts';

/** Finds the block of the network that an address is in; none for an address that is let in by itself. */
export const networkBlockOf =
  (ledger: Pick<Ledger, 'networks'>, allowed: Pick<AllowBook, 'covering'>) =>
  (ip: Ip): NetworkDecision | undefined => {
    const address = parseIp(ip);
    if (!address.ok || allowed.covering(address.value) !== undefined) return undefined;
    return networksAround(ledger)(address.value)[0];
  };

/** Finds all blocks of networks that an address is in, the narrowest first. */
export const networksAround =
  ({ networks }: Pick<Ledger, 'networks'>) =>
  (ip: ParsedIp): readonly NetworkDecision[] =>
    [...networks.active()]
      .flatMap((decision) => {
        const net = parseCidr(decision.network);
        return net.ok && contains(net.value, ip) ? [{ decision, prefix: net.value.prefix }] : [];
      })
      .sort((a, b) => b.prefix - a.prefix)
      .map(({ decision }) => decision);
