import type { NftChange } from '../../native/nft/index.ts';

/** Who changed the kernel, as it knew them at that moment. */
export interface Author {
  readonly pid: number;
  readonly program: string;
}

/** Keys that went from a set. `many`: more than are told. `touched`: others came, or it is another set now. */
export type GoneKeys = ReadonlySet<string> | 'many' | 'touched';

/** What is known to be broken. */
export interface Damage {
  /** Anything may be: notifications were lost, or nobody knows what was found. */
  readonly isTotal: boolean;
  /** Whether somebody did it, known or not; not where our own link to the kernel was lost, or what we did came to nothing. */
  readonly isInflicted: boolean;
  /** The table itself went, came or changed. */
  readonly table: boolean;
  readonly rules: boolean;
  readonly sets: ReadonlyMap<string, GoneKeys>;
  /** The latest of them. */
  readonly by?: Author;
}

/** Beyond it a set is looked through as a whole. */
const MOST_KEYS = 5000;

/** Gathers damage until somebody takes it to repair it. */
export class DamageBook {
  #isTotal = false;
  #isInflicted = false;
  #table = false;
  #rules = false;
  #sets = new Map<string, Set<string> | 'many' | 'touched'>();
  #by: Author | undefined;

  get isEmpty(): boolean {
    return !this.#isTotal && !this.#table && !this.#rules && this.#sets.size === 0;
  }

  /** What others did to the table. */
  note(change: NftChange): void {
    if (change.kind !== 'changed') {
      this.found({ isTotal: true, isInflicted: change.kind === 'lost' });
      return;
    }
    const { tables, rules, sets, gone, isAll, by } = change;
    if (tables || rules || sets.length > 0) this.#by = by;
    this.#isInflicted ||= tables || rules || sets.length > 0;
    this.#table ||= tables;
    this.#rules ||= rules;
    for (const set of sets) {
      const keys = gone.filter((one) => one.set === set).map(({ key }) => key);
      if (!isAll) this.#lost(set, 'many');
      else this.#lost(set, keys.length > 0 ? keys : 'touched');
    }
  }

  /** Found by looking, so nobody knows who did it. */
  found(damage: {
    readonly isTotal?: boolean;
    /** Unless told otherwise. */
    readonly isInflicted?: boolean;
    readonly rules?: boolean;
    readonly set?: string;
    readonly keys?: readonly string[];
  }): void {
    this.#isTotal ||= damage.isTotal === true;
    this.#isInflicted ||= damage.isInflicted !== false;
    this.#rules ||= damage.rules === true;
    if (damage.set !== undefined) this.#lost(damage.set, damage.keys ?? 'many');
  }

  /** All of it; from here on it is the taker's. */
  take(): Damage {
    const by = this.#by;
    const [isTotal, isInflicted] = [this.#isTotal, this.#isInflicted];
    const damage = { isTotal, isInflicted, table: this.#table, rules: this.#rules, sets: this.#sets };
    this.#isTotal = false;
    this.#isInflicted = false;
    this.#table = false;
    this.#rules = false;
    this.#sets = new Map();
    this.#by = undefined;
    return by === undefined ? damage : { ...damage, by };
  }

  #lost(set: string, keys: readonly string[] | 'many' | 'touched'): void {
    const before = this.#sets.get(set) ?? new Set<string>();
    if (typeof keys === 'string' || typeof before === 'string') {
      this.#sets.set(set, keys === 'many' || before === 'many' ? 'many' : 'touched');
      return;
    }
    for (const key of keys) before.add(key);
    this.#sets.set(set, before.size > MOST_KEYS ? 'many' : before);
  }
}
