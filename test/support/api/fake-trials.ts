import { fail, ok } from '../../../core/base/result.ts';
import { type Millis, millis, minutes } from '../../../core/base/time.ts';
import type { Change, ChangeId, Word } from '../../../core/change/change.ts';
import type { Changes, ConfirmRequest, EndFailure, Pending } from '../../../core/change/changes.ts';
import { START } from './fake-appliance.ts';

export const CHANGE_ID = '019b7000-0000-7000-8000-00000000c001' as ChangeId;
export const ENDED_ID = '019b7000-0000-7000-8000-00000000c000' as ChangeId;

const WORD: Word = { actor: 'operator', origin: 'web_ui', peer: '192.0.2.2' };

export const TRIED: Change = {
  id: CHANGE_ID,
  subject: 'settings',
  summary: 'firewall.denied_networks',
  parts: ['firewall.denied_networks'],
  word: WORD,
  confirmedBy: 'probes',
  spans: 'nothing',
  state: 'awaiting',
  proposedAt: START,
  appliedAt: millis(START + 40),
  trial: minutes(5),
  deadline: millis(400_000),
  bootId: 'boot',
  before: `sha256:${'a'.repeat(64)}`,
  after: `sha256:${'b'.repeat(64)}`,
  evidence: [
    { probe: 'gateway', at: millis(START + 100), result: 'passed', detail: '192.0.2.1 answers', took: millis(12) },
    { probe: 'dns', at: millis(START + 100), result: 'failed', detail: 'no answer', took: millis(2000) },
  ],
};

export const ENDED: Change = {
  ...TRIED,
  id: ENDED_ID,
  state: 'reverted',
  verdict: { result: 'reverted', by: 'deadline', why: 'nobody confirmed it in time', at: millis(START - 1000) },
};

/** One trial that a test sets up, and what was asked about it. Whatever is asked of the wrong change is refused. */
export class FakeTrials implements Changes {
  readonly asked: unknown[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  current: Change | undefined = TRIED;
  left: Millis = minutes(4);
  ended: Change[] = [ENDED];
  /** However often it is ended, it is on trial again. */
  lasts = false;
  /** Ends are refused so. */
  refusal: EndFailure['code'] | undefined;

  get listeners(): number {
    return this.#listeners.size;
  }

  pending(): Pending | undefined {
    return this.current && { change: this.current, left: this.left, until: millis(START + this.left) };
  }

  async list(limit: number, before?: ChangeId): Promise<readonly Change[]> {
    const all = [...(this.current ? [this.current] : []), ...this.ended];
    return all.filter(({ id }) => before === undefined || id < before).slice(0, limit);
  }

  async get(wanted: ChangeId): Promise<Change | undefined> {
    return (await this.list(Number.POSITIVE_INFINITY)).find(({ id }) => id === wanted);
  }

  async propose(): ReturnType<Changes['propose']> {
    return fail('unknown_subject', 'nothing can be tried here');
  }

  async confirm(request: ConfirmRequest): ReturnType<Changes['confirm']> {
    this.asked.push(['confirm', request]);
    return this.#end(request.id, 'confirmed', request.word);
  }

  async revert(request: { readonly id: ChangeId; readonly word: Word }): ReturnType<Changes['revert']> {
    this.asked.push(['revert', request]);
    return this.#end(request.id, 'reverted', request.word);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  #end(id: ChangeId, result: 'confirmed' | 'reverted', word: Word) {
    const { current, refusal } = this;
    if (refusal !== undefined) return fail(refusal, `no: ${refusal}`);
    if (current === undefined) return fail('none', 'nothing is on trial');
    if (current.id !== id) return fail('other', 'another change is on trial');
    const over: Change = {
      ...current,
      state: result,
      verdict: { result, by: 'word', word, why: 'said so', at: START },
    };
    if (this.lasts) return ok(over);
    this.current = undefined;
    this.ended = [over, ...this.ended];
    this.tell(over);
    return ok(over);
  }
}
