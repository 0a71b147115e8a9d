import { type Millis, plus, seconds } from '../base/time.ts';
import type { Reversal } from './reversal.ts';

/** How long an order can be taken back. */
export const UNDO_WINDOW: Millis = seconds(30);
/** Orders of one operator that can be; beyond, the oldest can no more. */
export const MOST_UNDOS = 32;

/** CSM's words for what takes an order back. */
export const INVERSES = [
  'threat_bulk_unblock',
  'threat_bulk_block',
  'threat_bulk_unwhitelist',
  'threat_bulk_whitelist',
  'firewall_bulk_reblock',
] as const;
export type Inverse = (typeof INVERSES)[number];

/** An order that was carried out. */
export interface Undoable {
  /** What it was, e.g. `firewall_bulk_unblock`. */
  readonly action: string;
  readonly inverse: Inverse;
  /** For a person: `Unblocked 2 addresses`. */
  readonly summary: string;
  readonly reversal: Reversal;
}

/** One that can still be taken back. */
export interface UndoEntry extends Undoable {
  readonly id: string;
  readonly recordedAt: Millis;
  readonly expiresAt: Millis;
}

/** The orders of each operator that can be taken back; in memory, since they are worth nothing after half a minute. */
export class UndoQueues {
  /** By operator, oldest first. */
  readonly #queues = new Map<string, UndoEntry[]>();

  /** Operators who have any. */
  get size(): number {
    return this.#queues.size;
  }

  record(operator: string, id: string, order: Undoable, now: Millis): UndoEntry {
    const entry: UndoEntry = { ...order, id, recordedAt: now, expiresAt: plus(now, UNDO_WINDOW) };
    this.#queues.set(operator, [...this.#standing(operator, now), entry].slice(-MOST_UNDOS));
    return entry;
  }

  latest(operator: string, now: Millis): UndoEntry | undefined {
    return this.#standing(operator, now).at(-1);
  }

  /** Takes an entry out, the latest unless `id` names one: it is gone whatever becomes of it. */
  take(operator: string, id: string, now: Millis): UndoEntry | undefined {
    const standing = this.#standing(operator, now);
    const entry = id === '' ? standing.at(-1) : standing.find((one) => one.id === id);
    this.#keep(
      operator,
      standing.filter((one) => one !== entry),
    );
    return entry;
  }

  /** Lets go of what is over: an entry may hold as much as all the blocks there were. */
  prune(now: Millis): void {
    for (const operator of [...this.#queues.keys()]) this.#keep(operator, this.#standing(operator, now));
  }

  /** A clock that was set back must not make an entry last longer than its window. */
  #standing(operator: string, now: Millis): UndoEntry[] {
    const entries = this.#queues.get(operator) ?? [];
    return entries.filter(({ recordedAt, expiresAt }) => now < expiresAt && plus(now, UNDO_WINDOW) >= recordedAt);
  }

  #keep(operator: string, entries: UndoEntry[]): void {
    if (entries.length === 0) this.#queues.delete(operator);
    else this.#queues.set(operator, entries);
  }
}
