import { type Ip, parseIp } from '../../core/base/ip.ts';

/** What a server certificate vouches for. */
export interface ServerNames {
  /** Lower-case host names; never empty, since clients look at the common name where there is none. */
  readonly dns: readonly string[];
  readonly ips: readonly Ip[];
}

/** Suffixes that no public name can have (RFC 6762, RFC 8375, ICANN's .internal), and this very machine. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa'] as const;
const LOOPBACK = ['127.0.0.1', '::1'] as const;
/** Keeps the handshake in a few packets on a host with hundreds of container addresses. */
const MOST_IPS = 64;

/**
 * The names of this appliance: host name, localhost, loopback, the addresses given (listen addresses, then the host's own).
 * Left out: wildcards, which are no address; link-local ones, which need a zone no URL carries; what is no host name.
 */
export function serverNames(hostname: string, addresses: readonly string[]): ServerNames {
  const host = parseIp(hostname);
  const dns = host.ok || !isHostName(canonical(hostname)) ? [] : [canonical(hostname)];
  const ips = new Set<Ip>();
  for (const address of [...LOOPBACK, ...(host.ok ? [hostname] : []), ...addresses]) {
    const ip = parseIp(address);
    if (ip.ok && isReachable(ip.value.text) && ips.size < MOST_IPS) ips.add(ip.value.text);
  }
  return { dns: [...new Set([...dns, 'localhost'])], ips: [...ips] };
}

/** The names a CA made now may vouch for, as DNS name constraints: each covers itself and what ends in it. */
export const authorityNames = (names: ServerNames): readonly string[] => [
  ...new Set([...names.dns, ...PRIVATE_SUFFIXES]),
];

/** Whether a DNS name constraint of `permitted` covers the name. */
export const isPermitted = (name: string, permitted: readonly string[]): boolean =>
  permitted.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));

const canonical = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '');

const isHostName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(name);

const isReachable = (ip: Ip): boolean =>
  ip !== '0.0.0.0' && ip !== '::' && !ip.startsWith('169.254.') && !/^fe[89ab].:/.test(ip);
