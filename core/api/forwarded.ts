import { type Cidr, contains, parseIp } from '../base/ip.ts';

/** Proxies in a row that are looked through; behind that the nearest of them counts as the client. */
const MOST_HOPS = 32;

/**
 * The client's address. `X-Forwarded-For` counts only when the peer itself is a trusted proxy: each such proxy appended
 * the address it saw, so the last one that is no such proxy is the nearest that nobody could make up. What stands left of
 * it is the client's own talk. Where an entry cannot be read, the proxy that handed it on counts as the client: the limit
 * may then hold for many at once, but nobody escapes it. Every other header of that kind is ignored.
 * @param peer canonical address of the connection, or `local`
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: readonly Cidr[]): string {
  if (forwardedFor === undefined || trusted.length === 0 || !isTrusted(parseIp(peer), trusted)) return peer;
  let client = peer;
  for (const entry of forwardedFor.split(',').slice(-MOST_HOPS).reverse()) {
    const address = addressIn(entry);
    if (!address.ok) return client;
    client = address.value.text;
    if (!isTrusted(address, trusted)) return client;
  }
  return client;
}

/** @param peer canonical address of the connection, or `local` */
export const isTrustedProxy = (peer: string, trusted: readonly Cidr[]): boolean =>
  trusted.length > 0 && isTrusted(parseIp(peer), trusted);

type Read = ReturnType<typeof parseIp>;

const isTrusted = (ip: Read, trusted: readonly Cidr[]): boolean =>
  ip.ok && trusted.some((net) => contains(net, ip.value));

/** Proxies write a bare address, `[IPv6]`, or either with the port the client came from. */
function addressIn(entry: string): Read {
  const text = entry.trim();
  const [, bracketed, dotted] = /^(?:\[([^\]]{2,64})\]|(\d[\d.]{6,14}))(?::\d{1,5})?$/.exec(text) ?? [];
  return parseIp(bracketed ?? dotted ?? text);
}
