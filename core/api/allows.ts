import type { Cidr, ParsedIp } from '../base/ip.ts';
import type { Result } from '../base/result.ts';
import type { Allow, AllowRefusal, AllowRequest, Followed, Replaced } from '../respond/allow.ts';
import type { Origin } from '../respond/decision.ts';
import type { FirewallEvent } from '../respond/firewall-event.ts';

/** Who is always let in. What resolves well is durable. */
export interface Allows {
  /** Those in force, in no order. */
  list(): readonly Allow[];
  /** One that lets this address in, the narrowest. */
  covering(ip: ParsedIp): Allow | undefined;
  /** One that stands for the same network is replaced. Blocks of what it covers are lifted. */
  allow(request: AllowRequest): Promise<Result<Allow & Followed & Replaced, AllowRefusal>>;
  /**
   * One that is not there is no error. Blocks that were lifted for it stay lifted. `would_cut`: who asks, or is connected
   * to this host, gets in by this entry alone, and `forcedBecause` says nothing.
   */
  disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>>;
}

/** Who takes an entry off, and from where: a canonical address, or `local`. */
export interface Disallowing {
  readonly actor: string;
  readonly origin: Origin;
  readonly peer: string;
  readonly forcedBecause?: string;
}

/** What was done to the firewall, as far as it is kept. */
export interface FirewallTrail {
  /** At most `limit`, newest first. */
  newest(limit: number): Promise<readonly FirewallEvent[]>;
}
