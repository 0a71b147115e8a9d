import { makeCidr, parseIp } from '../base/ip.ts';
import type { Clock } from '../base/ports.ts';
import type { Rate } from './surface.ts';

/** Peers remembered per limiter; the one longest unheard of is forgotten first. */
const MAX_PEERS = 10_000;

export interface RateLimiter {
  /** Takes one token of this peer. @returns 0 when there was one, else whole seconds until there will be one. */
  take(peer: string): number;
  /** Peers remembered. */
  readonly size: number;
}

/**
 * Token buckets by peer, each kept as one number: the moment at which it will be full again. A clock that is set back
 * empties a bucket at worst; it never locks a peer out for longer.
 */
export function rateLimiter({ burst, perMinute }: Rate, clock: Pick<Clock, 'now'>): RateLimiter {
  const perToken = Math.ceil(60_000 / perMinute);
  const fullAt = new Map<string, number>();
  let newest: string | undefined;
  return {
    take(peer) {
      const key = peerKey(peer);
      const now = clock.now();
      const known = Math.min(Math.max(fullAt.get(key) ?? 0, now), now + burst * perToken);
      const missing = known + perToken - (now + burst * perToken);
      if (key !== newest) fullAt.delete(key);
      newest = key;
      fullAt.set(key, missing > 0 ? known : known + perToken);
      if (fullAt.size > MAX_PEERS) forgetOldest(fullAt);
      return missing > 0 ? Math.ceil(missing / 1000) : 0;
    },
    get size() {
      return fullAt.size;
    },
  };
}

/** Whom a limit counts as one: an IPv4 address, or the /64 of an IPv6 one, since a host owns at least that much. */
export function peerKey(peer: string): string {
  if (!peer.includes(':')) return peer;
  const parsed = parseIp(peer);
  if (!parsed.ok || parsed.value.family === 4) return peer;
  return makeCidr(6, parsed.value.bytes, 64).text;
}

/** The map is in order of last use. */
function forgetOldest(fullAt: Map<string, number>): void {
  const oldest = fullAt.keys().next();
  if (!oldest.done) fullAt.delete(oldest.value);
}
