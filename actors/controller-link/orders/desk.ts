import type { Id } from '../../../core/base/ids.ts';
import type { Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { Change, Word } from '../../../core/change/change.ts';
import type { Changes } from '../../../core/change/changes.ts';
import type { Hex } from '../../../core/link/hex.ts';
import type { Command, CommandOf, Desired } from '../../../core/link/order.ts';
import type { Decided, HeldList } from '../../../core/link/order-books.ts';
import type { ListColumns } from '../../../core/respond/lists/columns.ts';

/** Whose order it is, and when it was taken: lengths of time count from then, however late or often it is done. */
export interface By {
  /** Of the order. */
  readonly id: Id;
  /** Name of the key. */
  readonly actor: string;
  readonly acceptedAt: Millis;
  /** It may have been done before, by a process that died before it could say so. */
  readonly isAgain: boolean;
}

/** What came of a command. `code`: for programs where it is not done. */
export type Outcome =
  | { readonly state: 'done'; readonly text: string; readonly detail?: Uint8Array }
  | { readonly state: 'refused' | 'failed'; readonly text: string; readonly code: string };

/** Commands that the link itself carries out. */
export type LinkCommand = 'replay' | 'confirm' | 'revert' | 'restart';
export type Deed = Exclude<Command['kind'], LinkCommand>;

/** Carries commands out. Each may be asked for again after a crash and then comes to the same; none rejects but for bugs. */
export type Deeds = { readonly [K in Deed]: (command: CommandOf<K>, by: By) => Promise<Outcome> };

/** What became of a configuration that was proposed. `same`: it is in effect already. */
export type Proposed =
  | { readonly kind: 'on_trial'; readonly change: Change }
  | { readonly kind: 'same' }
  | { readonly kind: 'pending' | 'refused' | 'failed'; readonly text: string };

/** The configuration, as a fleet desires it. */
export interface DesiredDesk {
  /** Settings that the order names. `invalid`: it names what there is not. */
  read(desired: Desired): Result<readonly Decided[], 'invalid'>;
  /** Puts them on trial, confirmed by a word only. */
  propose(decided: readonly Decided[], terms: { readonly word: Word; readonly trial: Millis }): Promise<Proposed>;
  /** Paths of those that are otherwise here now. */
  differing(decided: readonly Decided[]): readonly string[];
}

/** Lists of the fleet, as the firewall keeps them. */
export interface FleetListDesk {
  /** In force, by name. */
  all(): ReadonlyMap<string, HeldList>;
  columnsOf(name: string): ListColumns | undefined;
  /** Resolves when packets are judged by it and it is on disk; after a failure what was in force stays so. */
  put(name: string, list: HeldList, columns: ListColumns): Promise<Result<void, 'failed'>>;
  withdraw(name: string): Promise<Result<void, 'failed'>>;
}

/** One line of the audit log. */
export interface OrderNote {
  readonly action: string;
  readonly target: string;
  readonly actor: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly order: Id | undefined;
  readonly isRefused: boolean;
  readonly broker: string;
}

/** The appliance, as far as orders reach. */
export interface OrdersDesk {
  readonly deeds: Deeds;
  readonly desired: DesiredDesk;
  readonly changes: Pick<Changes, 'pending' | 'get' | 'list' | 'confirm' | 'revert' | 'onChange'>;
  readonly lists: FleetListDesk;
  /** Resolves when it is on disk; never rejects. */
  readonly audit: (note: OrderNote) => Promise<void>;
  /** Ends the process, so that it is started anew. */
  readonly restart: () => void;
}

/** By which a controller proves that it heard this appliance after a change. */
export interface Nonce {
  readonly change: Id;
  readonly nonce: Hex;
}
