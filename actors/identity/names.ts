import { type Ip, parseIp } from '../../core/base/ip.ts';

/** What a server certificate vouches for. */
export interface ServerNames {
  /** Lower-case host names; never empty, since clients look at the common name where there is none. */
  readonly dns: readonly string[];
  readonly ips: readonly Ip[];
  /**
   * IPv6 addresses of interfaces: vouched for too, but no reason for a new certificate, since privacy extensions change
   * them daily and people compare fingerprints.
   */
  readonly passingIps: readonly Ip[];
}

/** Suffixes that no public name can have (RFC 6762, RFC 8375, ICANN's .internal), and this very machine. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa'] as const;
const LOOPBACK = ['127.0.0.1', '::1'] as const;
/** Keeps the handshake in a few packets on a host with hundreds of container addresses. */
const MOST_IPS = 64;

export interface NameSources {
  /** Configured host names and addresses beside the host name. */
  readonly more?: readonly string[];
  /** Addresses of the listeners; wildcards may stand here. */
  readonly listen: readonly string[];
  /** Addresses of this host's interfaces. */
  readonly host: readonly string[];
}

/**
 * The names of this appliance: host name, those configured beside it, localhost, loopback, the addresses it listens on,
 * then the host's own.
 * Left out: wildcards, which are no address; link-local ones, which need a zone no URL carries; what is no host name.
 */
export function serverNames(hostname: string, { more = [], listen, host }: NameSources): ServerNames {
  const named = [hostname, ...more];
  const isAddress = (name: string): boolean => parseIp(name).ok;
  const dns = named.filter((name) => !isAddress(name)).map((name) => name.toLowerCase().replace(/\.$/, ''));
  const known = reachable([...LOOPBACK, ...named.filter(isAddress), ...listen]);
  const own = reachable(host).filter((ip) => !known.includes(ip));
  const isPassing = (ip: Ip): boolean => ip.includes(':');
  const ips = [...known, ...own.filter((ip) => !isPassing(ip))].slice(0, MOST_IPS);
  return {
    dns: [...new Set([...dns.filter(isHostName), 'localhost'])],
    ips,
    passingIps: own.filter(isPassing).slice(0, MOST_IPS - ips.length),
  };
}

/** The names a CA made now may vouch for, as DNS name constraints: each covers itself and what ends in it. */
export const authorityNames = (names: ServerNames): readonly string[] => [
  ...new Set([...names.dns, ...PRIVATE_SUFFIXES]),
];

/** Whether a DNS name constraint of `permitted` covers the name. */
export const isPermitted = (name: string, permitted: readonly string[]): boolean =>
  permitted.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));

const isHostName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(name);

/** Canonical addresses that a URL can carry, each once. */
function reachable(addresses: readonly string[]): Ip[] {
  const ips = addresses.map(parseIp).flatMap((parsed) => (parsed.ok ? [parsed.value.text] : []));
  return [...new Set(ips)].filter((ip) => !/^(?:0\.0\.0\.0|::|169\.254\..*|fe[89ab].:.*)$/.test(ip));
}
