import type { DecisionId } from '../../core/base/ids.ts';
import { type Deadline, hasPassed, type Millis } from '../../core/base/time.ts';
import type { DecisionState } from '../../core/respond/decision.ts';

/** What a book asks of a decision, whatever it is about. */
interface Entry {
  readonly id: DecisionId;
  readonly at: Millis;
  readonly expiresAt: Deadline;
  readonly state: DecisionState;
  readonly endedAt?: Millis;
  readonly note?: string;
}

interface Indexes {
  readonly ids: Map<DecisionId, string>;
  /** Seconds since 1970 → subjects, or the only one, whose block ends in that second. */
  readonly endings: Map<number, string | Set<string>>;
}

/** The decisions that stand, in memory, at most one for a subject; and those that no disk has taken yet. */
export class Book<D extends Entry> {
  readonly #subjectOf: (decision: D) => string;
  readonly #active = new Map<string, D>();
  /** Ended, but the disk does not say so yet: a sync of the kernel may still meet their elements. */
  readonly #ended = new Set<DecisionId>();
  /** Changes that no disk has taken yet; the latest of each decision. */
  readonly #unsaved = new Map<DecisionId, D>();
  /** Made when first asked for, so that a start with very many gets to the kernel without. */
  #indexes: Indexes | undefined;
  /** The second up to which the endings have been looked through; undefined before the first time. */
  #sweptTo: number | undefined;

  constructor(subjectOf: (decision: D) => string) {
    this.#subjectOf = subjectOf;
  }

  get size(): number {
    return this.#active.size;
  }

  active(): IterableIterator<D> {
    return this.#active.values();
  }

  of(subject: string): D | undefined {
    return this.#active.get(subject);
  }

  /** The decision with this id, if it stands. */
  standing(id: DecisionId): D | undefined {
    const subject = this.#indexed().ids.get(id);
    return subject === undefined ? undefined : this.#active.get(subject);
  }

  /** Makes an active decision stand; one that stood for the subject ends as `lifted` and is returned. */
  put(decision: D): D | undefined {
    const subject = this.#subjectOf(decision);
    const before = this.#active.get(subject);
    const replaced =
      before !== undefined && before.id !== decision.id
        ? this.end(before, 'lifted', decision.at, `replaced by ${decision.id}`)
        : undefined;
    this.#active.set(subject, decision);
    // Even in an empty set a look-up takes the id's hash, and at a start there are very many.
    if (this.#ended.size > 0) this.#ended.delete(decision.id);
    if (this.#indexes !== undefined) this.#enter(this.#indexes, subject, decision);
    return replaced;
  }

  /** Takes back a `put` that came to nothing: what stood before stands again, unless somebody decided anew meanwhile. */
  takeBack(decision: D, before: D | undefined): void {
    if (this.standing(decision.id) === undefined) return;
    this.#drop(decision);
    if (before !== undefined) this.put(before);
  }

  /** Ends the decision, if it still stands. */
  end(one: Pick<Entry, 'id'> | undefined, state: DecisionState, at: Millis, note?: string): D | undefined {
    const standing = one && this.standing(one.id);
    if (standing === undefined) return undefined;
    this.#drop(standing);
    this.#ended.add(standing.id);
    return { ...standing, state, endedAt: at, ...(note === undefined ? {} : { note }) };
  }

  /** Ends and returns all whose time has passed, by the wall clock. */
  expire(now: Millis): readonly D[] {
    const { endings } = this.#indexed();
    return this.#secondsDue(endings, Math.floor(now / 1000)).flatMap((second) => {
      const there = endings.get(second) ?? [];
      endings.delete(second);
      return (typeof there === 'string' ? [there] : [...there]).flatMap((subject) => {
        const standing = this.#active.get(subject);
        if (standing === undefined || !hasPassed(standing.expiresAt, now)) return [];
        return this.end(standing, 'expired', now) ?? [];
      });
    });
  }

  /** Whether the decision has ended and no disk says so yet. */
  endedUnsaved(id: DecisionId): boolean {
    return this.#ended.has(id);
  }

  /** The decision as it is to be saved, if it has changed since a disk took it. */
  unsavedOf(id: DecisionId): D | undefined {
    return this.#unsaved.get(id);
  }

  /** A decision that has ended since it was made is not saved as active: its end may be on disk already. */
  note(changed: readonly D[]): void {
    for (const decision of changed) {
      if (decision.state !== 'active' || this.standing(decision.id) !== undefined) {
        this.#unsaved.set(decision.id, decision);
      }
    }
  }

  get isSaved(): boolean {
    return this.#unsaved.size === 0;
  }

  unsaved(): readonly D[] {
    return [...this.#unsaved.values()];
  }

  /** A disk has taken these. */
  saved(taken: readonly D[]): void {
    for (const decision of taken) {
      if (this.#unsaved.get(decision.id) !== decision) continue;
      this.#unsaved.delete(decision.id);
      this.#ended.delete(decision.id);
    }
  }

  #drop(decision: D): void {
    this.#active.delete(this.#subjectOf(decision));
    this.#indexed().ids.delete(decision.id);
  }

  #indexed(): Indexes {
    if (this.#indexes !== undefined) return this.#indexes;
    this.#indexes = { ids: new Map(), endings: new Map() };
    for (const [subject, decision] of this.#active) this.#enter(this.#indexes, subject, decision);
    return this.#indexes;
  }

  #enter({ ids, endings }: Indexes, subject: string, { id, expiresAt }: D): void {
    ids.set(id, subject);
    if (expiresAt === 'never') return;
    // What was over before it came here is due at the next look.
    const second = Math.max(Math.ceil(expiresAt / 1000), (this.#sweptTo ?? 0) + 1);
    const there = endings.get(second);
    if (there === undefined) endings.set(second, subject);
    else if (typeof there === 'string') endings.set(second, new Set([there, subject]));
    else there.add(subject);
  }

  /** Since the last look only a few seconds have passed, whereas there may be very many endings. */
  #secondsDue(endings: Indexes['endings'], now: number): readonly number[] {
    const since = this.#sweptTo;
    this.#sweptTo = now;
    if (since === undefined || now - since > endings.size) {
      return [...endings.keys()].filter((second) => second <= now).sort((a, b) => a - b);
    }
    return Array.from({ length: Math.max(0, now - since) }, (_, i) => since + 1 + i).filter((second) =>
      endings.has(second),
    );
  }
}
