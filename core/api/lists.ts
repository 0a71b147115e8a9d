import type { Ip } from '../base/ip.ts';
import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { FamilyCount } from '../respond/lists/columns.ts';

/**
 * `never_loaded`: nothing of it is in force yet. `current`: as its source had it at the last look. `stale`: the last look
 * failed. `refused`: what was found is no list, or breaks a limit. `held`: news wait for a person's word. In all but the
 * first the last good generation is in force.
 */
export const LIST_STATES = ['never_loaded', 'current', 'stale', 'refused', 'held'] as const;
export type ListState = (typeof LIST_STATES)[number];

/** Who decides about a list: `firewall.lists` and `country_block`, or the controller of the fleet. */
export const LIST_ORIGINS = ['settings', 'fleet'] as const;

export interface ListStatus {
  readonly name: string;
  readonly kind: 'block' | 'allow';
  readonly mode: 'enforce' | 'count';
  readonly origin: (typeof LIST_ORIGINS)[number];
  readonly source: string;
  readonly state: ListState;
  /** What is in force. */
  readonly entries: { readonly 4: FamilyCount; readonly 6: FamilyCount };
  /** Counts up with each generation that was taken; 0 before the first. */
  readonly generation: number;
  /** When the generation in force was read. */
  readonly fetchedAt?: Millis;
  /** When its source was last looked at with success, news or none. */
  readonly checkedAt?: Millis;
  readonly nextRefresh?: Millis;
  readonly lastError?: string;
  /** Whether the kernel goes by the generation in force; false while nothing is enforced. */
  readonly inKernel: boolean;
  /** Lines of it that could not be read. */
  readonly bad: number;
  /** Networks left out because they are too wide. */
  readonly wide: number;
  /** Addresses and networks left out, or cut, because they are loopback, private, own or infra. */
  readonly protected: number;
  /** What waits for a word. */
  readonly held?: { readonly why: string; readonly entries: ListStatus['entries']; readonly at: Millis };
  /** Packets it dropped, let in or, in mode count, would have; since the table was made. */
  readonly packets: number;
  readonly bytes: number;
}

/** A list that holds an address. */
export interface CoveringList {
  readonly name: string;
  readonly kind: 'block' | 'allow';
  readonly mode: 'enforce' | 'count';
  /** As in the firewall's content. */
  readonly id: string;
}

/** Bulk lists of addresses that others keep. */
export interface Lists {
  list(): Promise<readonly ListStatus[]>;
  /**
   * Looks at the source now; resolves when what came of it is in force. `failed`: it says why, and the last good stays. One of the
   * fleet is `not_found`: it comes when the controller publishes it, and never by asking.
   */
  refresh(name: string): Promise<Result<ListStatus, 'not_found' | 'failed'>>;
  /** Puts in force what is held. `conflict` when nothing is. */
  accept(name: string): Promise<Result<ListStatus, 'not_found' | 'conflict' | 'failed'>>;
  /** The lists whose generation in force holds the address. */
  covering(ip: Ip): readonly CoveringList[];
}
