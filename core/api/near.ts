import { type Cidr, contains, parseCidr, parseIp } from '../base/ip.ts';

/** Addresses that the internet does not route: loopback, link-local, private (RFC 1918), unique local. */
const UNROUTED: readonly Cidr[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
].flatMap((text) => {
  const net = parseCidr(text);
  return net.ok ? [net.value] : [];
});

/** A shorter prefix on an interface is a route to the world, no neighbourhood. */
const SHORTEST = { 4: 16, 6: 48 } as const;

/**
 * Whether an address is of the networks around the appliance: one that the internet does not route, or of a network that
 * an interface is in. @param own asked each time
 */
export const nearness =
  (own: () => readonly Cidr[]) =>
  (peer: string): boolean => {
    const ip = parseIp(peer);
    if (!ip.ok) return false;
    return [...UNROUTED, ...own().filter(({ family, prefix }) => prefix >= SHORTEST[family])].some((net) =>
      contains(net, ip.value),
    );
  };
