import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject } from '../../actors/change/index.ts';
import { ok } from '../../core/base/result.ts';
import { millis, minutes } from '../../core/base/time.ts';
import type { Change } from '../../core/change/change.ts';
import type { ChangeRequest, Changes } from '../../core/change/changes.ts';
import { settled } from './settled.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** A thing that is changed by naming its new value; nothing of it outlives the test. */
export class NamedValue implements Subject<string> {
  readonly name = 'value';
  value = 'old';
  /** What was asked of it, in turn. */
  readonly asked: string[] = [];

  async prepare(proposal: unknown): ReturnType<Subject<string>['prepare']> {
    const plan = String(proposal);
    return ok({
      plan,
      summary: `value ${plan}`,
      parts: ['value'],
      before: this.value,
      after: plan,
      spans: 'nothing',
      snapshot: { files: [] },
    });
  }
  async apply(plan: string): ReturnType<Subject<string>['apply']> {
    this.asked.push('apply');
    this.value = plan;
    return ok({ takesEffect: 'now' });
  }
  async resume(): ReturnType<Subject['resume']> {
    return ok(undefined);
  }
  async confirm(): ReturnType<Subject['confirm']> {
    this.asked.push('confirm');
    return ok(undefined);
  }
  async revert({ before }: Change): ReturnType<Subject['revert']> {
    this.asked.push('revert');
    this.value = before;
    return ok({ takesEffect: 'now' });
  }
  async look({ before, after }: Change): ReturnType<Subject['look']> {
    return ok(this.value === before ? 'before' : this.value === after ? 'after' : 'neither');
  }
  probes() {
    return [];
  }
}

export interface ChangesUnderTest {
  readonly changes: Changes;
  readonly subject: NamedValue;
  readonly clock: SimulatedClock;
}

const WORD = { actor: 'operator', origin: 'api', peer: '198.51.100.1' } as const;

const request = (proposal: string, more: Partial<ChangeRequest> = {}): ChangeRequest => ({
  subject: 'value',
  proposal,
  word: WORD,
  trial: minutes(5),
  confirmedBy: 'word',
  ...more,
});

const unknown = { unknown: 'a test' } as const;

/** What any `Changes` must do as whoever asks them sees it. */
export function changesSuite(name: string, make: () => Promise<ChangesUnderTest>): void {
  const trying = async () => {
    const bench = await make();
    const { changes, clock } = bench;
    const done = await changes.propose(request('new'));
    assert.ok(done.ok, done.ok ? '' : done.public);
    const confirm = (openedAt?: number) =>
      changes.confirm({
        id: done.value.id,
        word: WORD,
        connection: openedAt === undefined ? unknown : { openedAt: millis(openedAt) },
      });
    return { ...bench, change: done.value, confirm, placed: clock.now() };
  };

  test(`${name}: a change on trial is in place, and says who tries what until when`, async () => {
    const { changes, change, subject, clock } = await trying();
    assert.equal(subject.value, 'new');
    const pending = changes.pending();
    assert.deepEqual(
      [pending?.change.id, pending?.change.word, pending?.change.summary, pending?.left, pending?.until],
      [change.id, WORD, 'value new', minutes(5), clock.now() + minutes(5)],
    );
  });

  test(`${name}: a second one hears of the first, and nothing is done`, async () => {
    const { changes, change, subject } = await trying();
    const second = await changes.propose(request('other'));
    assert.ok(!second.ok && second.code === 'pending');
    assert.deepEqual([second.busy.change.id, subject.value], [change.id, 'new']);
  });

  test(`${name}: nobody's word in time takes it back`, async () => {
    const { changes, change, subject, clock } = await trying();
    clock.advance(minutes(5) - 1);
    await settled();
    assert.equal(subject.value, 'new');
    clock.advance(1);
    await settled();
    assert.deepEqual([subject.value, changes.pending()], ['old', undefined]);
    const ended = await changes.get(change.id);
    assert.deepEqual([ended?.state, ended?.verdict?.by], ['reverted', 'deadline']);
  });

  test(`${name}: a word keeps it, whatever time passes`, async () => {
    const { changes, subject, clock, confirm } = await trying();
    const done = await confirm();
    assert.deepEqual(done.ok && [done.value.state, done.value.verdict?.by], ['confirmed', 'word']);
    clock.advance(minutes(60));
    await settled();
    assert.deepEqual([subject.value, changes.pending(), subject.asked], ['new', undefined, ['apply', 'confirm']]);
  });

  test(`${name}: a word over a connection from before proves nothing`, async () => {
    const { changes, confirm, placed, clock } = await trying();
    const old = await confirm(placed - 1);
    assert.deepEqual([old.ok ? '' : old.code, changes.pending() === undefined], ['old_connection', false]);
    clock.advance(10);
    assert.ok((await confirm(placed + 5)).ok);
  });

  test(`${name}: a word takes it back`, async () => {
    const { changes, change, subject } = await trying();
    const done = await changes.revert({ id: change.id, word: WORD });
    assert.deepEqual(done.ok && [done.value.state, done.value.verdict?.by], ['reverted', 'word']);
    assert.equal(subject.value, 'old');
  });

  test(`${name}: what has ended is not ended again`, async () => {
    const { changes, change, confirm } = await trying();
    await confirm();
    for (const done of [await confirm(), await changes.revert({ id: change.id, word: WORD })]) {
      assert.equal(done.ok ? '' : done.code, 'none');
    }
  });

  test(`${name}: forced, it is kept at once`, async () => {
    const { changes, subject } = await make();
    const done = await changes.propose(request('new', { forcedBecause: 'on site' }));
    assert.deepEqual(done.ok && [done.value.state, done.value.verdict?.by], ['confirmed', 'forced']);
    assert.deepEqual([subject.value, changes.pending()], ['new', undefined]);
  });

  test(`${name}: a subject that nobody has is refused`, async () => {
    const { changes } = await make();
    const done = await changes.propose(request('new', { subject: 'other' }));
    assert.equal(done.ok ? '' : done.code, 'unknown_subject');
  });

  test(`${name}: listeners hear how it ends, until they leave`, async () => {
    const { changes } = await make();
    const states: string[] = [];
    const leave = changes.onChange(({ state }) => void states.push(state));
    await changes.propose(request('new', { forcedBecause: 'on site' }));
    assert.equal(states.at(-1), 'confirmed');
    leave();
    const heard = states.length;
    await changes.propose(request('other', { forcedBecause: 'on site' }));
    assert.equal(states.length, heard);
  });
}
