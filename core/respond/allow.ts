import type { Cidr } from '../base/ip.ts';
import type { Deadline, Millis } from '../base/time.ts';
import type { Origin } from './decision.ts';

/** An address or network that is always let in: no finding blocks it, and no block drops it. */
export interface Allow {
  /** Canonical: an address, or a network in CIDR form. One allow for each. */
  readonly subject: string;
  readonly reason: string;
  readonly origin: Origin;
  /** Name of the principal. */
  readonly actor: string;
  readonly at: Millis;
  /** By the wall clock. */
  readonly expiresAt: Deadline;
}

export interface AllowRequest {
  readonly network: Cidr;
  /** How the operator wrote it, for what is said back; host bits and all. */
  readonly written?: string;
  readonly reason: string;
  readonly origin: Origin;
  readonly actor: string;
  readonly expiresAt: Deadline;
}

/** What stood for the same network before, if anything. */
export interface Replaced {
  readonly replaced?: Allow;
}

/** `warning`: it holds on the books, and the kernel still has to follow. */
export interface Followed {
  readonly warning?: string;
}

/** `too_broad`: so many addresses that hardly anything could be blocked. `full`: there are as many as may be. `failed`: the disk refused. */
export type AllowRefusal = 'too_broad' | 'full' | 'failed';

const BROADEST = { 4: 8, 6: 32 } as const;

export const isTooBroad = ({ family, prefix }: Cidr): boolean => prefix < BROADEST[family];

/** How an allow names its network: an address without the `/32` or `/128`. */
export const subjectOf = ({ bytes, prefix, text }: Cidr): string =>
  prefix === bytes.length * 8 ? text.slice(0, text.lastIndexOf('/')) : text;

/** Why an address is not blocked, for a person. */
export const allowedText = (ip: string, { subject, reason, actor }: Allow): string =>
  `${ip} must not be blocked: ${subject} is allowed by ${actor}${reason === '' ? '' : ` (${reason})`}`;
