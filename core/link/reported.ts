import type { Id } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { Hex } from './hex.ts';
import type { StreamName } from './stream.ts';

/** Random, of one start of the program, 16 bytes; with the number of a connection it tells fresh from kept. */
export type RunId = Hex & { readonly of: 'run' };

/** Whether an appliance is there. Not signed: shown, never acted upon. */
export interface Presence {
  readonly online: boolean;
  /** When it connected, by the appliance's clock. */
  readonly since: Millis;
  readonly bootId: string;
  /** Connections since the program started. */
  readonly connection: number;
  readonly version: string;
  /** Empty when it is online. */
  readonly reason: '' | 'will' | 'stopped' | 'restarting' | 'revoked';
  readonly run: RunId;
}

/** How an appliance stands. Words that are only shown are texts here, so that an older controller reads a newer appliance. */
export interface Reported {
  readonly at: Millis;
  readonly run: RunId;
  readonly connection: number;
  readonly facts: Facts;
  readonly components: readonly ReportedComponent[];
  readonly firewall: FirewallState;
  readonly change: ChangeOnTrial | undefined;
  readonly desired: DesiredState;
  readonly slots: readonly ReportedSlot[];
  readonly lists: readonly ListState[];
  readonly keysGeneration: number;
  readonly streams: readonly StreamState[];
  /** End of the client certificate. */
  readonly certificateUntil: Millis;
}

export interface Facts {
  readonly hostname: string;
  readonly version: string;
  /** Empty but on an appliance image. */
  readonly imageVersion: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly startedAt: Millis;
  readonly bootId: string;
  /** Of the configuration file; undefined: there is none. */
  readonly configSha256: Hex | undefined;
  readonly addresses: readonly string[];
  readonly claimed: boolean;
}

export interface ReportedComponent {
  readonly name: string;
  readonly state: string;
  readonly message: string;
  readonly since: Millis;
}

export interface FirewallState {
  readonly mode: string;
  readonly reason: string;
  readonly blocks: number;
  readonly networks: number;
  /** 0 to 1. */
  readonly enforced: number;
}

export interface ChangeOnTrial {
  readonly id: Id;
  readonly summary: string;
  /** As `ChangeState` of core/change. */
  readonly state: string;
  readonly until: Millis;
  /** 16 bytes; undefined: it is not in place yet. */
  readonly nonce: Hex | undefined;
  /** SHA-256 of the payload of the order that asked for it; undefined: somebody else did. */
  readonly order: Hex | undefined;
}

/** `none`: nothing is desired yet. */
export const STANDINGS = ['none', 'confirmed', 'on_trial', 'waiting', 'conflict', 'reverted', 'refused'] as const;
export type DesiredStanding = (typeof STANDINGS)[number];

export interface DesiredState {
  /** Of the last order that came; 0: none. */
  readonly generation: number;
  /** SHA-256 of that order's payload; undefined: none. */
  readonly order: Hex | undefined;
  readonly standing: DesiredStanding;
  /** For people: why. */
  readonly text: string;
  /** In effect and confirmed; 0: none. */
  readonly confirmedGeneration: number;
  readonly confirmedOrder: Hex | undefined;
  /** Dotted paths that the fleet decides and that somebody changed here since. */
  readonly changedHere: readonly string[];
}

export interface ReportedSlot {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly running: boolean;
}

export interface ListState {
  readonly name: string;
  /** In force; 0: none. */
  readonly generation: number;
  readonly entries: number;
  readonly trouble: string;
}

export interface StreamState {
  readonly stream: StreamName;
  readonly epoch: string;
  readonly newest: number;
  readonly sent: number;
  readonly waitingBytes: number;
}
