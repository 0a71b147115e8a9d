import type { Prepared, Subject } from '../../actors/change/index.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import type { Clock } from '../../core/base/ports.ts';
import { fail, ok } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { Change, ChangeId, Verdict, Word } from '../../core/change/change.ts';
import type { ChangeRequest, Changes, ConfirmRequest, Pending } from '../../core/change/changes.ts';

interface Held {
  change: Change;
  readonly subject: Subject;
  readonly prepared: Prepared<unknown>;
  readonly cancel: () => void;
}

/** Trials held in memory, with real subjects: one at a time, taken back when the clock says so. Nothing outlives it. */
export class FakeChanges implements Changes {
  readonly #subjects: ReadonlyMap<string, Subject>;
  readonly #clock: Clock;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly history: Change[] = [];
  /** Restarts that subjects wanted. */
  restarts = 0;
  #held: Held | undefined;
  #made = 0;

  constructor(clock: Clock, subjects: readonly Subject[]) {
    this.#clock = clock;
    this.#subjects = new Map(subjects.map((subject) => [subject.name, subject]));
  }

  pending(): Pending | undefined {
    if (this.#held === undefined) return undefined;
    const { change } = this.#held;
    const left = millis(Math.max(0, change.deadline - this.#clock.now()));
    return { change, left, until: change.deadline };
  }

  async list(limit: number) {
    return this.history.slice(-limit).reverse();
  }

  async get(id: ChangeId) {
    return this.history.findLast((change) => change.id === id);
  }

  async propose(request: ChangeRequest): ReturnType<Changes['propose']> {
    const busy = this.pending();
    if (busy !== undefined) return { ...fail('pending', `${busy.change.summary} is on trial`), busy };
    const subject = this.#subjects.get(request.subject);
    if (subject === undefined) return fail('unknown_subject', 'no such subject');
    const prepared = await subject.prepare(request.proposal);
    if (!prepared.ok) return prepared;
    const change = this.#changeOf(request, prepared.value);
    const trial = { id: change.id, left: () => millis(change.deadline - this.#clock.now()) };
    const applied = await subject.apply(prepared.value.plan, trial);
    if (!applied.ok) {
      await subject.revert(change, prepared.value.snapshot);
      return applied;
    }
    if (applied.value.takesEffect === 'restart') this.restarts++;
    const placed: Change = { ...change, state: 'awaiting', appliedAt: this.#clock.now() };
    const cancel = this.#clock.after(request.trial, () => void this.#revert('deadline', 'nobody confirmed it in time'));
    this.#held = { change: placed, subject, prepared: prepared.value, cancel };
    this.#tell(placed);
    return request.forcedBecause === undefined ? ok(placed) : this.#end('forced', 'forced', request.word);
  }

  async confirm({ id, word, connection }: ConfirmRequest): ReturnType<Changes['confirm']> {
    const held = this.#held;
    if (held === undefined) return fail('none', 'nothing is on trial');
    if (held.change.id !== id) return fail('other', 'another change is on trial');
    const since = held.change.appliedAt ?? 0;
    if ('openedAt' in connection && connection.openedAt <= since) return fail('old_connection', 'old connection');
    return this.#end('word', 'confirmed', word);
  }

  async revert({ id, word }: { readonly id: ChangeId; readonly word: Word }): ReturnType<Changes['revert']> {
    if (this.#held === undefined) return fail('none', 'nothing is on trial');
    if (this.#held.change.id !== id) return fail('other', 'another change is on trial');
    return this.#revert('word', 'taken back', word);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #end(by: Verdict['by'], why: string, word: Word) {
    const held = this.#held;
    if (held === undefined) throw new Error('nothing is on trial');
    const done = await held.subject.confirm(held.change);
    return done.ok ? ok(this.#over(held, { result: 'confirmed', by, why, word, at: this.#clock.now() })) : done;
  }

  async #revert(by: Verdict['by'], why: string, word?: Word) {
    const held = this.#held;
    if (held === undefined) return fail('none', 'nothing is on trial');
    const done = await held.subject.revert(held.change, held.prepared.snapshot);
    if (!done.ok) return done;
    if (done.value.takesEffect === 'restart') this.restarts++;
    const verdict: Verdict = { result: 'reverted', by, why, ...(word && { word }), at: this.#clock.now() };
    return ok(this.#over(held, verdict));
  }

  #over({ change, cancel }: Held, verdict: Verdict): Change {
    cancel();
    this.#held = undefined;
    const over: Change = { ...change, state: verdict.result, verdict };
    this.history.push(over);
    this.#tell(over);
    return over;
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  #changeOf({ subject, word, confirmedBy, trial, forcedBecause }: ChangeRequest, prepared: Prepared<unknown>): Change {
    const now = this.#clock.now();
    const { summary, parts, before, after, spans } = prepared;
    const made = ++this.#made;
    return {
      id: uuidv7(now, { bytes: (length) => new Uint8Array(length).fill(made) }) as unknown as ChangeId,
      subject,
      summary,
      parts,
      word,
      ...(forcedBecause === undefined ? {} : { forcedBecause }),
      confirmedBy,
      spans,
      state: 'applying',
      proposedAt: now,
      trial,
      deadline: (now + trial) as Millis,
      bootId: 'boot',
      before,
      after,
      evidence: [],
    };
  }
}
