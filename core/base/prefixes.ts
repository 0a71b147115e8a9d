import { type Cidr, contains, overlaps, type ParsedIp } from './ip.ts';

/** A handful of networks with a word on why each is there: infra, this host's own, loopback. */
export interface NamedNetwork {
  readonly net: Cidr;
  readonly why: string;
}

/** The first network that covers `ip`. Linear: for lists of tens, not for block lists. */
export const coveredBy = (ip: ParsedIp, networks: readonly NamedNetwork[]): NamedNetwork | undefined =>
  networks.find(({ net }) => contains(net, ip));

/** The first network that shares an address with `range`. */
export const touchedBy = (range: Cidr, networks: readonly NamedNetwork[]): NamedNetwork | undefined =>
  networks.find(({ net }) => overlaps(net, range));
