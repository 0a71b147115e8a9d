import type { Id } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { KeptCommand } from './commands.ts';
import type { DesiredBook } from './desired.ts';
import type { Taken } from './generations.ts';
import type { Hex } from './hex.ts';
import type { KeyRing } from './keys.ts';
import type { Command, OrderResult } from './order.ts';

/** A setting that the fleet decides, as it was ordered. */
export interface Decided {
  /** Dotted path. */
  readonly path: string;
  /** JSON; absent: taken out. */
  readonly value?: unknown;
}

/** A desired configuration on its way through a change. Written down before the change is proposed. */
export interface DesiredTrial {
  readonly order: Taken;
  /** Name of the key that signed it. */
  readonly key: string;
  /** Wall clock when it was about to be proposed: a change of a controller since then is this one. */
  readonly at: Millis;
  /** Undefined: nobody came to write down which change it has become. */
  readonly change: Id | undefined;
  readonly decided: readonly Decided[];
}

/** What orders have left at an appliance, besides commands and generations: one record, so that its parts change together. */
export interface OrderBook {
  readonly tenant: string;
  /** Of the enrolment that the keys come from; another one brings keys of its own. */
  readonly enrolledAt: Millis;
  readonly ring: KeyRing;
  /** Of `CommandMemory`. */
  readonly floor: Millis;
  readonly desired: DesiredBook;
  readonly trial: DesiredTrial | undefined;
  /** By the desired configuration that is confirmed. */
  readonly decided: readonly Decided[];
}

/** A command that was taken, until nothing about it can come again. */
export interface CommandRecord {
  readonly kept: KeptCommand;
  readonly command: Command;
  /** Name of the key that signed it. */
  readonly key: string;
  readonly acceptedAt: Millis;
  /** Undefined: it is to be done, also after a restart. */
  readonly result: Omit<OrderResult, 'id' | 'detail'> | undefined;
  /** A broker has the result. */
  readonly isTold: boolean;
}

/** An order that is good but for the clock, which is not set yet. */
export interface WaitingOrder {
  /** The envelope, base64. */
  readonly envelope: string;
}

/** A fleet's list that is in force here. */
export interface HeldList {
  readonly purpose: 'block' | 'allow';
  readonly generation: number;
  readonly contentSha256: Hex;
  readonly entries: number;
}
