import type { DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Result } from '../../core/base/result.ts';
import { hasPassed, type Millis } from '../../core/base/time.ts';
import type { Decision, DecisionState } from '../../core/respond/decision.ts';
import type { KernelBlock } from '../firewall/index.ts';

/** Decisions on disk. */
export interface DecisionRecords {
  /** Those stored as active. */
  active(): AsyncIterable<Decision>;
  get(id: DecisionId): Promise<Decision | undefined>;
  /** @param options.sync waits for the disk */
  save(decisions: readonly Decision[], options: { readonly sync: boolean }): Promise<Result<void, string>>;
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
  /** Seconds since 1970 → addresses whose block ends in that second. */
  readonly #endings = new Map<number, Set<Ip>>();

  constructor(records: DecisionRecords) {
    this.#records = records;
  }

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

  /** Any decision by id, ended ones from disk. */
  async find(id: DecisionId): Promise<Decision | undefined> {
    const ip = this.#ids.get(id);
    return (ip === undefined ? undefined : this.#active.get(ip)) ?? this.#records.get(id);
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
        ? this.end(decision.ip, 'lifted', decision.at, `replaced by ${decision.id}`)
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

  /** Ends what stands for the address. */
  end(ip: Ip, state: DecisionState, at: Millis, note?: string): Decision | undefined {
    const standing = this.#active.get(ip);
    if (standing === undefined) return undefined;
    this.#active.delete(ip);
    this.#ids.delete(standing.id);
    this.#ended.add(standing.id);
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
        return this.end(ip, 'expired', now) ?? [];
      });
    });
  }

  async save(decisions: readonly Decision[], options: { readonly sync: boolean }): Promise<Result<void, string>> {
    const saved = await this.#records.save(decisions, options);
    if (saved.ok) for (const { id, state } of decisions) if (state !== 'active') this.#ended.delete(id);
    return saved;
  }
}

export const kernelBlockOf = ({ ip, id, expiresAt }: Decision): KernelBlock => ({ ip, id, expiresAt });
