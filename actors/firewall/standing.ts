import { type Millis, minutes } from '../../core/base/time.ts';

/** How much of what is desired the kernel holds, as last known. */
export interface Enforced {
  /** 0 to 1; 1 only when nothing is known to be missing. */
  readonly ratio: number;
  /** The lowest within the last five minutes, which shows what was repaired between two looks. */
  readonly lowest: number;
  /** Addresses, networks, entries of the allow list, entries of lists and rules. */
  readonly desired: number;
  readonly held: number;
}

/** How long a dip stays in sight. */
const IN_SIGHT: Millis = minutes(5);
const MOST_DIPS = 100;

export interface Wanted {
  readonly blocks: number;
  readonly networks: number;
  readonly allowed: number;
  readonly rules: number;
  /** Entries of lists, and those that are not loaded yet. */
  readonly lists: { readonly desired: number; readonly missing: number };
}

/** What of the desired is known to be missing, and how low that has brought it. */
export class Standing {
  readonly #wanted: () => Wanted;
  readonly #now: () => Millis;
  /** While the rules are not known to be ours nothing counts as held: whom they let through nobody knows. */
  #rulesStand = false;
  #missing = 0;
  #dips: { readonly at: Millis; readonly ratio: number }[] = [];

  constructor(wanted: () => Wanted, now: () => Millis) {
    this.#wanted = wanted;
    this.#now = now;
  }

  get rulesStand(): boolean {
    return this.#rulesStand;
  }

  /** The kernel was brought in line, save for so many that it refuses. */
  whole(missing = 0): void {
    this.#rulesStand = true;
    this.#missing = missing;
  }

  rulesLost(): void {
    this.#rulesStand = false;
    this.#dip();
  }

  lost(count: number): void {
    this.#missing += count;
    this.#dip();
  }

  read(): Enforced {
    const { desired, held, ratio } = this.#state();
    this.#prune();
    return { ratio, lowest: Math.min(ratio, ...this.#dips.map((dip) => dip.ratio)), desired, held };
  }

  #state() {
    const { blocks, networks, allowed, rules, lists } = this.#wanted();
    const desired = blocks + networks + allowed + rules + lists.desired;
    const held = this.#rulesStand ? Math.max(0, desired - this.#missing - lists.missing) : 0;
    return { desired, held, ratio: desired === 0 ? 1 : held / desired };
  }

  #dip(): void {
    const { ratio } = this.#state();
    if (ratio >= 1) return;
    this.#prune();
    // Of many dips the deepest stay.
    if (this.#dips.length >= MOST_DIPS)
      this.#dips = this.#dips.toSorted((a, b) => a.ratio - b.ratio).slice(0, MOST_DIPS / 2);
    this.#dips.push({ at: this.#now(), ratio });
  }

  #prune(): void {
    const now = this.#now();
    this.#dips = this.#dips.filter(({ at }) => at > now - IN_SIGHT && at <= now);
  }
}
