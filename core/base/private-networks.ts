import { type Cidr, contains, type ParsedIp, parseCidr } from './ip.ts';

/** Networks that are no single host on the internet, and why; IANA's registries of special-purpose addresses. */
const SPECIAL: readonly (readonly [network: string, why: string])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared by a carrier'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'for benchmarks'],
  ['224.0.0.0/3', 'multicast or reserved'],
  ['::/127', 'unspecified or loopback'],
  ['64:ff9b:1::/48', 'private'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

const NETWORKS = SPECIAL.map(([text, why]) => ({ net: networkOf(text), why }));

function networkOf(text: string): Cidr {
  const net = parseCidr(text);
  if (!net.ok) throw new Error(net.public);
  return net.value;
}

/** All of them. */
export const PRIVATE_NETWORKS: readonly Cidr[] = NETWORKS.map(({ net }) => net);

/** IPv6 ways to write an IPv4 address that a router or kernel may unwrap, and where in the address it stands. */
const CARRIERS = [
  { net: networkOf('64:ff9b::/96'), at: 12 },
  { net: networkOf('2002::/16'), at: 2 },
];

/** Why an address is no host on the internet: `private`, `loopback`; nothing where it is one. */
export function privateReason(ip: ParsedIp): string | undefined {
  const carrier = CARRIERS.find(({ net }) => contains(net, ip));
  const bytes = carrier === undefined ? ip.bytes : ip.bytes.slice(carrier.at, carrier.at + 4);
  const meant = { ...ip, family: bytes.length === 4 ? (4 as const) : (6 as const), bytes };
  return NETWORKS.find(({ net }) => contains(net, meant))?.why;
}
