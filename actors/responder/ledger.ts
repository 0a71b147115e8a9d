import type { DecisionId } from '../../core/base/ids.ts';
import type { Result } from '../../core/base/result.ts';
import type { Decision, NetworkDecision, Outcome } from '../../core/respond/decision.ts';
import type { PlannerState } from '../../core/respond/planner.ts';
import type { KernelBlock, KernelNetwork } from '../firewall/index.ts';
import { Book } from './book.ts';

/** Decisions, what the kernel did with them, and what the planner remembers of them. */
export interface Told {
  readonly decisions: readonly Decision[];
  readonly networks: readonly NetworkDecision[];
  readonly outcomes: readonly Outcome[];
  /** Changes. */
  readonly memory: readonly PlannerState[];
}

/** Decisions on disk. */
export interface DecisionRecords {
  /** Those about addresses that are stored as active, or as pending, any number at a time. */
  in(state: 'active' | 'pending'): AsyncIterable<readonly Decision[]>;
  /** Those about networks that are stored as active. */
  networks(): AsyncIterable<NetworkDecision>;
  /** All that the planner remembered. */
  memory(): AsyncIterable<PlannerState>;
  /** Of either kind. */
  get(id: DecisionId): Promise<Decision | NetworkDecision | undefined>;
  /** In one batch. @param options.sync waits for the disk */
  save(told: Told, options: { readonly sync: boolean }): Promise<Result<void, string>>;
}

const NOTHING: Told = { decisions: [], networks: [], outcomes: [], memory: [] };

/**
 * The decisions that stand, at most one for an address, and for a network. Memory is first and disk follows: enforcement
 * never waits for the store.
 */
export class Ledger extends Book<Decision> {
  readonly networks = new Book<NetworkDecision>(({ network }) => network);
  readonly #records: DecisionRecords;
  /** What the planner remembers and no disk has taken yet: part → key → value, `undefined` for what is gone. */
  readonly #unsavedMemory = new Map<PlannerState['part'], Map<string, unknown>>();

  constructor(records: DecisionRecords) {
    super(({ ip }) => ip);
    this.#records = records;
  }

  /** Once, before anything else. */
  async load(): Promise<void> {
    for await (const page of this.#records.in('active')) for (const decision of page) this.put(decision);
    for await (const decision of this.#records.networks()) this.networks.put(decision);
  }

  /** What the disk has of the planner: its memory, and the blocks that wait. */
  async remembered(): Promise<{ readonly memory: readonly PlannerState[]; readonly pending: readonly Decision[] }> {
    const memory: PlannerState[] = [];
    for await (const part of this.#records.memory()) memory.push(part);
    const pending: Decision[] = [];
    for await (const page of this.#records.in('pending')) pending.push(...page);
    return { memory, pending };
  }

  /** Any decision by id: standing, not yet saved, or from disk. */
  async find(id: DecisionId): Promise<Decision | NetworkDecision | undefined> {
    return this.standing(id) ?? this.unsavedOf(id) ?? this.#records.get(id);
  }

  async hasEnded(id: DecisionId): Promise<boolean> {
    if (this.endedUnsaved(id) || this.networks.endedUnsaved(id)) return true;
    const stored = await this.#records.get(id);
    return stored !== undefined && stored.state !== 'active' && stored.state !== 'pending';
  }

  /**
   * Saves, together with what could not be saved before. What the disk refuses is kept in the store's memory, and what that
   * refuses too is tried again by `saveAgain`; the result tells of the first try.
   */
  async save(told: Told, options: { readonly sync: boolean }): Promise<Result<void, string>> {
    this.note(told.decisions);
    this.networks.note(told.networks);
    this.#remember(told.memory);
    const all = {
      decisions: this.unsaved(),
      networks: this.networks.unsaved(),
      outcomes: told.outcomes,
      memory: [...this.#unsavedMemory].map(([part, values]) => ({ part, changes: [...values] })),
    };
    const saved = await this.#records.save(all, options);
    const kept = saved.ok || (options.sync && (await this.#records.save(all, { sync: false })).ok);
    if (kept) this.#forget(all);
    return saved;
  }

  async saveAgain(): Promise<void> {
    const isSaved = this.isSaved && this.networks.isSaved && this.#unsavedMemory.size === 0;
    if (!isSaved) await this.save(NOTHING, { sync: false });
  }

  #remember(memory: readonly PlannerState[]): void {
    for (const { part, changes } of memory) {
      const values = this.#unsavedMemory.get(part) ?? new Map<string, unknown>();
      this.#unsavedMemory.set(part, values);
      for (const [key, value] of changes) values.set(key, value);
    }
  }

  #forget({ decisions, networks, memory }: Told): void {
    this.saved(decisions);
    this.networks.saved(networks);
    for (const { part, changes } of memory) {
      const values = this.#unsavedMemory.get(part);
      // What has changed since is another value.
      for (const [key, value] of changes) if (values?.get(key) === value) values?.delete(key);
      if (values?.size === 0) this.#unsavedMemory.delete(part);
    }
  }
}

export const kernelBlockOf = ({ ip, id, expiresAt }: Decision): KernelBlock => ({ ip, id, expiresAt });
export const kernelNetworkOf = ({ network, id, expiresAt }: NetworkDecision): KernelNetwork => ({
  network,
  id,
  expiresAt,
});
