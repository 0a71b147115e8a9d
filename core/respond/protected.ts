import { parseCidr } from '../base/ip.ts';
import type { NamedNetwork } from '../base/prefixes.ts';

/**
 * Networks no block may ever name, whatever the host: traffic from them is this host's own, its neighbours' discovery
 * protocol, or no single sender at all.
 */
const ALWAYS: readonly (readonly [network: string, why: string])[] = [
  ['127.0.0.0/8', 'loopback'],
  ['::1/128', 'loopback'],
  ['0.0.0.0/8', 'unspecified'],
  ['::/128', 'unspecified'],
  ['169.254.0.0/16', 'link-local'],
  ['fe80::/10', 'link-local'],
  ['224.0.0.0/4', 'multicast'],
  ['ff00::/8', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
];

/**
 * All networks a block must not touch.
 * @param own addresses on this host's interfaces (of the enforced namespace)
 * @param infra addresses and networks from `infra_ips`
 * @throws never; entries that are no network are left out: both lists were validated where they came in
 */
export function protectedNetworks(own: readonly string[], infra: readonly string[]): readonly NamedNetwork[] {
  const named = [
    ...ALWAYS,
    ...own.map((address) => [address, 'an address of this host'] as const),
    ...infra.map((entry) => [entry, 'listed in infra_ips'] as const),
  ];
  return named.flatMap(([text, why]) => {
    const net = parseCidr(text);
    return net.ok ? [{ net: net.value, why }] : [];
  });
}
