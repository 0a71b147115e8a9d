import { type Cidr, type Ip, type ParsedIp, parseIp } from '../base/ip.ts';
import type { Deadline, Millis } from '../base/time.ts';
import type { Origin } from './decision.ts';

/**
 * An address or network that is always let in: no finding blocks it, and no block drops it. An address that is let in to one
 * port alone may be blocked: what it sends to that port gets in all the same.
 */
export interface Allow {
  /** Canonical: an address, or a network in CIDR form. One allow for each, and one for each port of an address. */
  readonly subject: string;
  /** The port it is let in to; every one unless given. */
  readonly port?: AllowedPort;
  readonly reason: string;
  readonly origin: Origin;
  /** Name of the principal. */
  readonly actor: string;
  readonly at: Millis;
  /** By the wall clock. */
  readonly expiresAt: Deadline;
}

/** A destination port, of this host or of a neighbour behind it. */
export interface AllowedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** An address and the port that it is let in to. */
export type PortAllow = Allow & { readonly port: AllowedPort };

export const isPortAllow = (allow: Allow): allow is PortAllow => allow.port !== undefined;

export interface AllowRequest {
  readonly network: Cidr;
  /** Let in to these alone; of a single address only. */
  readonly ports?: readonly AllowedPort[];
  /** How the operator wrote it, for what is said back; host bits and all. */
  readonly written?: string;
  readonly reason: string;
  readonly origin: Origin;
  readonly actor: string;
  readonly expiresAt: Deadline;
}

/** What an order to allow has made, each port by itself on the books. */
export type Allowed = Omit<Allow, 'port'> & Pick<AllowRequest, 'ports'>;

/** What stood for the same network before, if anything. */
export interface Replaced {
  readonly replaced?: Allow;
}

/** `warning`: it holds on the books, and the kernel still has to follow. */
export interface Followed {
  readonly warning?: string;
}

/**
 * `too_broad`: so many addresses that hardly anything could be blocked. `not_one`: ports were named of a network. `full`:
 * there are as many as may be. `failed`: the disk refused.
 */
export type AllowRefusal = 'too_broad' | 'not_one' | 'full' | 'failed';

const BROADEST = { 4: 8, 6: 32 } as const;

export const isTooBroad = ({ family, prefix }: Cidr): boolean => prefix < BROADEST[family];

const isOne = ({ bytes, prefix }: Cidr): boolean => prefix === bytes.length * 8;

/** Why such a request is refused, whatever else is allowed. @param written how the operator wrote the network */
export function wrongAllow(
  { network, ports }: Pick<AllowRequest, 'network' | 'ports'>,
  written: string,
): { readonly code: 'too_broad' | 'not_one'; readonly public: string } | undefined {
  if (isTooBroad(network)) {
    return { code: 'too_broad', public: `${written} is too broad to be allowed: at least /8, or /32 for IPv6` };
  }
  if (ports === undefined || isOne(network)) return undefined;
  return { code: 'not_one', public: `${written} is a network; ports are allowed to single addresses` };
}

/** What an allow is kept under, and told apart by. */
export const allowKey = ({ subject, port }: Pick<Allow, 'subject' | 'port'>): string =>
  port === undefined ? subject : `${subject} ${portText(port)}`;

/** `tcp/443`. */
export const portText = ({ protocol, port }: AllowedPort): string => `${protocol}/${port}`;

/** A standing TCP connection. */
export interface Connection {
  readonly ip: Ip;
  /** Of this host, where it was made to this host. */
  readonly port?: number;
}

/** What lets a connection in. */
export interface Letting {
  /** Networks that are let in everywhere. */
  readonly covers: (ip: Ip) => boolean;
  /** Ports that addresses are let in to. */
  readonly ports: readonly PortAllow[];
}

/** Whether anything that is allowed lets this connection in. */
export const lets = ({ covers, ports }: Letting, { ip, port }: Connection): boolean =>
  covers(ip) || ports.some(({ subject, port: own }) => subject === ip && own.protocol === 'tcp' && own.port === port);

/** Addresses of connections that were let in and are not any more, and are refused otherwise. */
export const cutBy = (
  connections: readonly Connection[],
  { before, after, refuses }: { readonly before: Letting; readonly after: Letting; readonly refuses: Refuses },
): readonly Ip[] => [
  ...new Set(
    connections.filter((one) => lets(before, one) && !lets(after, one) && isRefused(one, refuses)).map(({ ip }) => ip),
  ),
];

/** Whether such a connection is refused unless it is allowed, or could not be made again. */
export type Refuses = (ip: ParsedIp, port: number | undefined) => boolean;

function isRefused({ ip, port }: Connection, refuses: Refuses): boolean {
  const address = parseIp(ip);
  return address.ok && refuses(address.value, port);
}

/** How an allow names its network: an address without the `/32` or `/128`. */
export const subjectOf = (network: Cidr): string =>
  isOne(network) ? network.text.slice(0, network.text.lastIndexOf('/')) : network.text;

/** Why an address is not blocked, for a person. */
export const allowedText = (ip: string, { subject, reason, actor }: Allow): string =>
  `${ip} must not be blocked: ${subject} is allowed by ${actor}${reason === '' ? '' : ` (${reason})`}`;
