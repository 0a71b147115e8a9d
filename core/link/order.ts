import type { Id } from '../base/ids.ts';
import { parseCidr, parseIp } from '../base/ip.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { hours, type Millis, minutes } from '../base/time.ts';
import type { Hex } from './hex.ts';
import type { KeySet } from './keys.ts';
import type { Lease } from './lease.ts';
import type { ListManifest } from './list.ts';
import type { StreamName } from './stream.ts';

/** What a key may be allowed to order. `allow` covers `remove_allow`, `confirm` covers `revert`. */
export const ORDER_KINDS = [
  'desired',
  'keys',
  'list',
  'lease',
  'block',
  'unblock',
  'allow',
  'scan',
  'restart',
  'replay',
  'confirm',
  'diagnostics',
] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

/** How far the clocks of who signs and who obeys may lie apart. */
export const SKEW: Millis = minutes(5);

/** From `issuedAt` to `notAfter` of a command at most. */
export const LONGEST_COMMAND: Millis = hours(24);

/** The last moment that a Date knows, ms since 1970; no order names a later one. */
export const LAST_MOMENT = 8.64e15;

/** What every order says, whatever it orders. */
export interface OrderHead {
  /** UUIDv7. */
  readonly id: Id;
  /** The fleet. */
  readonly tenant: string;
  /** Serial of the appliance it is for; `everybody` in the fleet only of `list`, `keys` and `lease`. */
  readonly appliance: string | 'everybody';
  /** From 1; 0 of commands, which have none. */
  readonly generation: number;
  readonly issuedAt: Millis;
  readonly notAfter: Millis;
}

/** What is ordered of whom, until when. Every one of these was signed; nothing else is ever acted upon. */
export type Order = OrderHead & OrderBody;
export type OrderBody =
  | { readonly kind: 'desired'; readonly desired: Desired }
  | { readonly kind: 'keys'; readonly keys: KeySet }
  | { readonly kind: 'list'; readonly list: ListManifest }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'command'; readonly command: Command };
export type OrderOf<K extends Order['kind']> = Extract<Order, { kind: K }>;

/** The configuration that an appliance is to have. */
export interface Desired {
  /** SHA-256 of the payload of the order that this one follows; undefined: it is the first. */
  readonly parent: Hex | undefined;
  /** Each name once. */
  readonly sections: readonly Section[];
  /** How long without confirmation, 60 s to 30 min. */
  readonly trial: Millis;
  /** Each name once. */
  readonly rules: readonly RuleFile[];
}

export interface Section {
  /** E.g. `firewall`. */
  readonly name: string;
  /** JSON values by field. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RuleFile {
  /** Without a path. */
  readonly name: string;
  /** SHA-256 of the content's UTF-8; checked as it was read. */
  readonly sha256: Hex;
  readonly content: string;
}

/** Something to be done once. Addresses and networks are in canonical form. */
export type Command =
  | { readonly kind: 'block'; readonly target: string; readonly reason: string; readonly lasts: Millis | 'forever' }
  | { readonly kind: 'unblock'; readonly target: string }
  | { readonly kind: 'allow'; readonly target: string; readonly reason: string; readonly lasts: Millis | 'forever' }
  | { readonly kind: 'remove_allow'; readonly target: string }
  /** @property what e.g. `firewall`; empty: everything */
  | { readonly kind: 'scan'; readonly what: string }
  | { readonly kind: 'restart'; readonly reason: string }
  | ReplayCommand
  | { readonly kind: 'confirm'; readonly change: Id; readonly nonce: Hex }
  | { readonly kind: 'revert'; readonly change: Id; readonly reason: string }
  /** @property log how far back the log goes into the bundle, at most a day */
  | { readonly kind: 'diagnostics'; readonly log: Millis };
export type CommandOf<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** Sends the numbers `from` to `to` of a stream again. */
export interface ReplayCommand {
  readonly kind: 'replay';
  readonly stream: StreamName;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

/** `accepted`: written down, it will be done, also after a restart. */
export const COMMAND_STATES = ['accepted', 'done', 'refused', 'failed'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

/** What became of an order. */
export interface OrderResult {
  readonly id: Id;
  readonly state: CommandState;
  /** For people. */
  readonly text: string;
  readonly at: Millis;
  /** For programs where it was refused or failed, e.g. `expired`; else empty. */
  readonly code: string;
  /** A JSON object in UTF-8 or a diagnostics bundle; empty where nothing came of it. */
  readonly detail: Uint8Array;
}

/** What the key has to be allowed for this order. */
export function kindOf(order: OrderBody): OrderKind {
  return order.kind === 'command' ? kindOfCommand(order.command.kind) : order.kind;
}

/** The same of a command by its own kind: what takes back is allowed to who may do it. */
export function kindOfCommand(kind: Command['kind']): OrderKind {
  if (kind === 'remove_allow') return 'allow';
  return kind === 'revert' ? 'confirm' : kind;
}

/** Orders of one line follow each other by their generation: one line a kind, of lists and leases one a name. */
export function lineOf(order: OrderBody): string | undefined {
  switch (order.kind) {
    case 'desired':
    case 'keys':
      return order.kind;
    case 'list':
      return `list/${order.list.name}`;
    case 'lease':
      return `lease/${order.lease.shard}`;
    case 'command':
      return undefined;
  }
}

/** An address or a network as orders name it: in its one canonical form, a network of one address as that address. */
export function canonicalTarget(text: string): Result<string, 'bad_target'> {
  if (!text.includes('/')) {
    const ip = parseIp(text);
    return ip.ok ? ok(ip.value.text) : fail('bad_target', ip.public);
  }
  const network = parseCidr(text);
  if (!network.ok) return fail('bad_target', network.public);
  const { family, prefix, text: canonical } = network.value;
  return ok(prefix === (family === 4 ? 32 : 128) ? canonical.slice(0, canonical.indexOf('/')) : canonical);
}
