import type { Cidr, ParsedIp } from '../base/ip.ts';
import type { Result } from '../base/result.ts';
import type {
  Allow,
  Allowed,
  AllowedPort,
  AllowRefusal,
  AllowRequest,
  Followed,
  PortAllow,
  Replaced,
} from '../respond/allow.ts';
import type { Origin } from '../respond/decision.ts';
import type { FirewallEvent } from '../respond/firewall-event.ts';

/** Who is always let in. What resolves well is durable. */
export interface Allows {
  /** Those in force that let in everywhere, in no order. */
  list(): readonly Allow[];
  /** Those in force that let an address in to one port, in no order. */
  ports(): readonly PortAllow[];
  /** One that lets this address in everywhere, the narrowest. */
  covering(ip: ParsedIp): Allow | undefined;
  /**
   * One that stands for the same network, or port of an address, is replaced. Blocks of what it covers are lifted, unless it
   * is for ports alone.
   */
  allow(request: AllowRequest): Promise<Result<Allowed & Followed & Replaced, AllowRefusal>>;
  /**
   * Takes off what lets the network in, to some ports or to whatever it is. What is not there is no error. Blocks that were
   * lifted for it stay lifted. `would_cut`: who asks, or is connected to this host, gets in by this alone, or could not
   * connect again, and `forcedBecause` says nothing.
   */
  disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>>;
}

/** Who takes an entry off, and from where: a canonical address, or `local`. */
export interface Disallowing {
  readonly actor: string;
  readonly origin: Origin;
  readonly peer: string;
  readonly forcedBecause?: string;
  /** These alone; whatever lets the network in unless given. */
  readonly ports?: readonly AllowedPort[];
}

/** What was done to the firewall, as far as it is kept. */
export interface FirewallTrail {
  /** At most `limit`, newest first. */
  newest(limit: number): Promise<readonly FirewallEvent[]>;
}
