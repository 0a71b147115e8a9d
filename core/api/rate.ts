import { makeCidr, parseIp } from '../base/ip.ts';
import type { Clock } from '../base/ports.ts';
import type { Rate } from './surface.ts';

/** Peers remembered per limiter; the one longest unheard of is forgotten first. */
const MAX_PEERS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export interface RateLimiter {
  /** Takes one token of this peer. @returns 0 when there was one, else whole seconds until there will be one. */
  take(peer: string): number;
  /** Peers remembered. */
  readonly size: number;
}

/** Token buckets by peer. A clock that jumps back refills nothing and takes nothing. */
export function rateLimiter({ burst, perMinute }: Rate, clock: Clock): RateLimiter {
  const perMs = perMinute / 60_000;
  const buckets = new Map<string, Bucket>();
  return {
    take(peer) {
      const key = peerKey(peer);
      const now = clock.now();
      const known = buckets.get(key) ?? { tokens: burst, at: now };
      const tokens = Math.min(burst, known.tokens + Math.max(0, now - known.at) * perMs);
      const wait = tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs / 1000);
      buckets.delete(key);
      buckets.set(key, { tokens: wait === 0 ? tokens - 1 : tokens, at: now });
      if (buckets.size > MAX_PEERS) forgetOldest(buckets);
      return wait;
    },
    get size() {
      return buckets.size;
    },
  };
}

/** Whom a limit counts as one: an IPv4 address, or the /64 of an IPv6 one, since a host owns at least that much. */
export function peerKey(peer: string): string {
  const parsed = parseIp(peer);
  if (!parsed.ok || parsed.value.family === 4) return peer;
  return makeCidr(6, parsed.value.bytes, 64).text;
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next();
  if (!oldest.done) buckets.delete(oldest.value);
}
