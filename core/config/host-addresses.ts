import { type Cidr, contains, type ParsedIp, parseCidr, parseIp } from '../base/ip.ts';

/** What no host has for its address, and nobody can be asked at. */
const NO_HOST: readonly (readonly [network: Cidr, what: string])[] = (
  [
    ['0.0.0.0/8', 'unspecified'],
    ['127.0.0.0/8', 'loopback'],
    ['224.0.0.0/4', 'multicast'],
    ['240.0.0.0/4', 'reserved'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([text, what]) => [networkOf(text), what]);

const LINK_LOCAL_6 = networkOf('fe80::/10');

function networkOf(text: string): Cidr {
  const net = parseCidr(text);
  if (!net.ok) throw new Error(net.public);
  return net.value;
}

/** An address of an interface: where it is, and in what network. */
export interface InterfaceAddress {
  readonly ip: ParsedIp;
  readonly network: Cidr;
}

/** What is wrong with an address that one host is to be found at, or nothing. */
export function wrongUnicast(text: string): string | undefined {
  const ip = parseIp(text);
  if (!ip.ok) return 'must be an IPv4 or IPv6 address';
  const no = NO_HOST.find(([network]) => contains(network, ip.value));
  return no === undefined ? undefined : `must be the address of a host; this one is ${no[1]}`;
}

/** What is wrong with an address of an interface, or nothing. */
export function wrongInterfaceAddress(text: string): string | undefined {
  const [address = '', prefix] = text.split('/', 2);
  if (prefix === undefined) return 'must have the length of its network behind it, e.g. 192.0.2.10/24';
  const wrong = wrongUnicast(address);
  if (wrong !== undefined) return wrong;
  // One that is IPv4 in IPv6's clothes would have two lengths.
  const isMapped = address.includes(':') && parseInterfaceAddress(`${address}/128`)?.ip.family !== 6;
  const read = isMapped ? undefined : parseInterfaceAddress(text);
  if (read === undefined) return 'must be ADDRESS/LENGTH, e.g. 192.0.2.10/24 or 2001:db8::10/64';
  const { ip, network } = read;
  if (network.prefix < 8) return `must have a network of /8 or smaller; this one is /${network.prefix}`;
  if (ip.family === 6 || network.prefix > 30) return undefined;
  if (sameBytes(ip.bytes, network.bytes)) return 'is the address of its network; a host has another one';
  return sameBytes(ip.bytes, broadcastOf(network)) ? 'is the broadcast address of its network' : undefined;
}

/** Undefined for what was never a valid one. */
export function parseInterfaceAddress(text: string): InterfaceAddress | undefined {
  const ip = parseIp(text.split('/', 1)[0] ?? '');
  const network = parseCidr(text);
  return ip.ok && network.ok ? { ip: ip.value, network: network.value } : undefined;
}

/** Whether a gateway can be reached from this address without another one in between. */
export const isOnLink = (gateway: ParsedIp, addresses: readonly InterfaceAddress[]): boolean =>
  contains(LINK_LOCAL_6, gateway) || addresses.some(({ network }) => contains(network, gateway));

const broadcastOf = ({ bytes, prefix }: Cidr): Uint8Array =>
  bytes.map((byte, i) => byte | (0xff >> Math.max(0, Math.min(8, prefix - i * 8))));

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
