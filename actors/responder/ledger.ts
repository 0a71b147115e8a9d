import type { DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Result } from '../../core/base/result.ts';
import { hasPassed, type Millis } from '../../core/base/time.ts';
import type { Decision, DecisionState, Outcome } from '../../core/respond/decision.ts';
import type { KernelBlock } from '../firewall/index.ts';

/** Decisions, and what the kernel did with them. */
export interface Told {
  readonly decisions: readonly Decision[];
  readonly outcomes: readonly Outcome[];
}

/** Decisions on disk. */
export interface DecisionRecords {
  /** Those stored as active. */
  active(): AsyncIterable<Decision>;
  get(id: DecisionId): Promise<Decision | undefined>;
  /** In one batch. @param options.sync waits for the disk */
  save(told: Told, options: { readonly sync: boolean }): Promise<Result<void, string>>;
}

/**
 * The decisions that stand, in memory, at most one for an address. Memory is first and disk follows: enforcement never
 * waits for the store.
 */
export class Ledger {
  readonly #records: DecisionRecords;
  readonly #active = new Map<Ip, Decision>();
  readonly #ids = new Map<DecisionId, Ip>();
  /** Ended, but the disk does not say so yet: a sync of the kernel may still meet their elements. */
  readonly #ended = new Set<DecisionId>();
  /** Changes that no disk has taken yet; the latest of each decision. */
  readonly #unsaved = new Map<DecisionId, Decision>();
  /** Seconds since 1970 → addresses whose block ends in that second. */
  readonly #endings = new Map<number, Set<Ip>>();

  constructor(records: DecisionRecords) {
    this.#records = records;
  }

  /** Once, before anything else. */
  async load(): Promise<void> {
    for await (const decision of this.#records.active()) this.put(decision);
  }

  get size(): number {
    return this.#active.size;
  }

  active(): IterableIterator<Decision> {
    return this.#active.values();
  }

  of(ip: Ip): Decision | undefined {
    return this.#active.get(ip);
  }

  /** The decision with this id, if it stands. */
  standing(id: DecisionId): Decision | undefined {
    const ip = this.#ids.get(id);
    return ip === undefined ? undefined : this.#active.get(ip);
  }

  /** Any decision by id: standing, not yet saved, or from disk. */
  async find(id: DecisionId): Promise<Decision | undefined> {
    return this.standing(id) ?? this.#unsaved.get(id) ?? this.#records.get(id);
  }

  async hasEnded(id: DecisionId): Promise<boolean> {
    if (this.#ended.has(id)) return true;
    const stored = await this.#records.get(id);
    return stored !== undefined && stored.state !== 'active';
  }

  /** Makes an active decision stand; one that stood for the address ends as `lifted` and is returned. */
  put(decision: Decision): Decision | undefined {
    const before = this.#active.get(decision.ip);
    const replaced =
      before !== undefined && before.id !== decision.id
        ? this.end(before, 'lifted', decision.at, `replaced by ${decision.id}`)
        : undefined;
    this.#active.set(decision.ip, decision);
    this.#ids.set(decision.id, decision.ip);
    this.#ended.delete(decision.id);
    if (decision.expiresAt !== 'never') {
      const second = Math.ceil(decision.expiresAt / 1000);
      const there = this.#endings.get(second);
      if (there === undefined) this.#endings.set(second, new Set([decision.ip]));
      else there.add(decision.ip);
    }
    return replaced;
  }

  /** Takes back a `put` that came to nothing: what stood before stands again, unless somebody decided anew meanwhile. */
  takeBack(decision: Decision, before: Decision | undefined): void {
    if (this.#active.get(decision.ip)?.id !== decision.id) return;
    this.#drop(decision);
    if (before !== undefined) this.put(before);
  }

  /** Ends the decision, if it still stands. */
  end({ ip, id }: Pick<Decision, 'ip' | 'id'>, state: DecisionState, at: Millis, note?: string): Decision | undefined {
    const standing = this.#active.get(ip);
    if (standing === undefined || standing.id !== id) return undefined;
    this.#drop(standing);
    this.#ended.add(id);
    return { ...standing, state, endedAt: at, ...(note === undefined ? {} : { note }) };
  }

  /** Ends and returns all whose time has passed, by the wall clock. */
  expire(now: Millis): readonly Decision[] {
    const due = [...this.#endings.keys()].filter((second) => second * 1000 <= now).sort((a, b) => a - b);
    return due.flatMap((second) => {
      const ips = [...(this.#endings.get(second) ?? [])];
      this.#endings.delete(second);
      return ips.flatMap((ip) => {
        const standing = this.#active.get(ip);
        if (standing === undefined || !hasPassed(standing.expiresAt, now)) return [];
        return this.end(standing, 'expired', now) ?? [];
      });
    });
  }

  /**
   * Saves, together with what could not be saved before. A decision that has ended since it was made is not saved as
   * active: its end may be on disk already. What the disk refuses is kept in the store's memory, and what that
   * refuses too is tried again by `saveAgain`; the result tells of the first try.
   */
  async save(told: Told, options: { readonly sync: boolean }): Promise<Result<void, string>> {
    for (const decision of told.decisions) {
      if (decision.state !== 'active' || this.standing(decision.id) !== undefined) {
        this.#unsaved.set(decision.id, decision);
      }
    }
    const decisions = [...this.#unsaved.values()];
    const saved = await this.#records.save({ ...told, decisions }, options);
    const kept = saved.ok || (options.sync && (await this.#records.save({ ...told, decisions }, { sync: false })).ok);
    if (kept) this.#forget(decisions);
    return saved;
  }

  async saveAgain(): Promise<void> {
    if (this.#unsaved.size > 0) await this.save({ decisions: [], outcomes: [] }, { sync: false });
  }

  #forget(saved: readonly Decision[]): void {
    for (const decision of saved) {
      if (this.#unsaved.get(decision.id) !== decision) continue;
      this.#unsaved.delete(decision.id);
      this.#ended.delete(decision.id);
    }
  }

  #drop({ ip, id }: Decision): void {
    this.#active.delete(ip);
    this.#ids.delete(id);
  }
}

export const kernelBlockOf = ({ ip, id, expiresAt }: Decision): KernelBlock => ({ ip, id, expiresAt });
