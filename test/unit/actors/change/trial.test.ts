import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import type { Change } from '../../../../core/change/change.ts';
import { RULES, textOf } from '../../../support/change/fake-subject.ts';
import { FakeUnderTest } from '../../../support/change/fake-under-test.ts';
import { ChangeWorld, OPERATOR } from '../../../support/change/world.ts';
import { settled } from '../../../support/settled.ts';

async function world(subject = new FakeUnderTest()): Promise<ChangeWorld> {
  const made = await new ChangeWorld({ subject }).boot();
  return await made.start();
}

/** A world with a change on trial. */
async function onTrial(
  subject = new FakeUnderTest(),
): Promise<{ readonly edge: ChangeWorld; readonly change: Change }> {
  const edge = await world(subject);
  const proposed = await edge.propose();
  assert.ok(proposed.ok);
  return { edge, change: proposed.value };
}

const statesOf = (edge: ChangeWorld): string[] => edge.published.map(({ state }) => state);

test('a change is on trial until somebody confirms it over a new connection', async () => {
  const { edge, change } = await onTrial();
  assert.equal(change.state, 'awaiting');
  assert.equal(await edge.holds(), 'trial');
  assert.equal(edge.service.pending()?.left, minutes(5));
  const old = await edge.confirm(change.id);
  assert.equal(old.ok || old.code, 'old_connection');
  await edge.advance(1000);
  const confirmed = await edge.confirm(change.id);
  assert.ok(confirmed.ok);
  assert.equal(confirmed.value.verdict?.by, 'word');
  assert.deepEqual(confirmed.value.verdict?.word, OPERATOR);
  assert.deepEqual(confirmed.value.verdict?.freshConnection, { proved: true });
  assert.equal(await edge.holds(), 'after');
  await edge.advance(minutes(60));
  assert.equal(await edge.holds(), 'after');
  assert.deepEqual(statesOf(edge), ['applying', 'awaiting', 'confirming', 'confirmed']);
  assert.deepEqual(await edge.service.list(10), [confirmed.value]);
  assert.deepEqual(edge.disk.names('/var/lib/edge/change'), ['done']);
  assert.deepEqual(edge.disk.names('/var/lib/edge/change/done'), []);
});

test('nobody confirms: everything is as before at the deadline, owner and mode of the file included', async () => {
  const { edge, change } = await onTrial();
  await edge.advance(minutes(5) - 1);
  assert.equal(await edge.holds(), 'trial');
  await edge.advance(1);
  assert.equal(await edge.holds(), 'before');
  assert.deepEqual(edge.disk.attributes(RULES), { mode: 0o640, uid: 0, gid: 4 });
  assert.equal((await edge.service.get(change.id))?.verdict?.by, 'deadline');
  assert.equal(edge.service.pending(), undefined);
});

test('a second change is refused with what is on trial and until when', async () => {
  const { edge, change } = await onTrial();
  await edge.advance(seconds(60));
  const second = await edge.propose();
  assert.ok(!second.ok && second.code === 'pending');
  assert.equal(second.busy.change.id, change.id);
  assert.equal(second.busy.left, minutes(4));
  assert.equal(second.busy.until, edge.clock.now() + minutes(4));
});

test('of two changes proposed at once one is on trial and the other is refused', async () => {
  const edge = await world();
  const [first, second] = await Promise.all([edge.propose(), edge.propose()]);
  assert.ok(first.ok);
  assert.equal(second.ok || second.code, 'pending');
});

test('a person reverts before the deadline', async () => {
  const { edge, change } = await onTrial();
  const reverted = await edge.service.revert({ id: change.id, word: OPERATOR });
  assert.ok(reverted.ok);
  assert.equal(reverted.value.verdict?.result, 'reverted');
  assert.equal(await edge.holds(), 'before');
});

test('a word about another change, or none, ends nothing', async () => {
  const { edge, change } = await onTrial();
  const other = `${change.id.slice(0, -1)}${change.id.endsWith('0') ? '1' : '0'}` as Change['id'];
  const wrong = await edge.confirm(other);
  assert.equal(wrong.ok || wrong.code, 'other');
  await edge.advance(minutes(5));
  const late = await edge.confirm(change.id);
  assert.equal(late.ok || late.code, 'none');
  assert.match(late.ok ? '' : late.public, /reverted already, nobody confirmed it in time/);
});

test('a forced change has no trial and says whose word it was', async () => {
  const edge = await world();
  const forced = await edge.propose({ forcedBecause: 'on the console, cable in hand' });
  assert.ok(forced.ok);
  assert.equal(forced.value.state, 'confirmed');
  assert.equal(forced.value.verdict?.by, 'forced');
  assert.equal(forced.value.verdict?.why, 'on the console, cable in hand');
  assert.equal(await edge.holds(), 'after');
});

for (const fault of ['fails', 'half'] as const)
  test(`an apply that ${fault} leaves everything as before and says so`, async () => {
    const subject = new FakeUnderTest();
    subject.script.faults.apply = [fault];
    const edge = await world(subject);
    const proposed = await edge.propose();
    assert.ok(!proposed.ok && proposed.code === 'failed');
    assert.match(proposed.public, /everything is as before: apply fails/);
    assert.equal(await edge.holds(), 'before');
    assert.equal((await edge.service.list(1))[0]?.verdict?.by, 'apply_failed');
  });

test('a revert that fails is stuck, shouts, and is tried again', async () => {
  const subject = new FakeUnderTest();
  subject.script.faults.revert = ['half', 'fails'];
  const { edge, change } = await onTrial(subject);
  await edge.advance(minutes(5));
  assert.equal(edge.service.pending()?.change.state, 'stuck');
  assert.equal(edge.service.component().state, 'failed');
  assert.match(edge.service.component().message ?? '', /revert fails half-way/);
  assert.equal(edge.log.filter(({ level }) => level === 'error').length, 1);
  const word = await edge.confirm(change.id);
  assert.equal(word.ok || word.code, 'failed');
  await edge.advance(1000);
  assert.equal(edge.service.pending()?.change.state, 'stuck');
  await edge.advance(1999);
  assert.equal(edge.service.pending()?.change.state, 'stuck');
  await edge.advance(1);
  assert.equal(edge.service.pending(), undefined);
  assert.equal(await edge.holds(), 'before');
  assert.equal(edge.service.component().state, 'ok');
});

test('a stuck revert is tried at once when a person asks', async () => {
  const subject = new FakeUnderTest();
  subject.script.faults.revert = ['fails'];
  const { edge, change } = await onTrial(subject);
  await edge.advance(minutes(5));
  const reverted = await edge.service.revert({ id: change.id, word: OPERATOR });
  assert.ok(reverted.ok);
  assert.equal(reverted.value.verdict?.by, 'deadline');
});

test('what is read back decides, not what revert and confirm say of themselves', async () => {
  const subject = new FakeUnderTest();
  subject.script.faults.look = ['lies'];
  const { edge, change } = await onTrial(subject);
  await edge.advance(1000);
  const confirmed = await edge.confirm(change.id);
  assert.ok(!confirmed.ok && confirmed.code === 'failed');
  assert.match(confirmed.public, /read back/);
  assert.equal(await edge.holds(), 'trial', 'on trial again');
  subject.script.faults.look = ['lies'];
  await edge.advance(minutes(5) - 1000);
  assert.equal(edge.service.pending()?.change.state, 'stuck');
  await edge.advance(1000);
  assert.equal(await edge.holds(), 'before');
});

for (const fault of ['fails', 'half'] as const)
  test(`a confirm that ${fault} leaves the change on trial, to be confirmed again`, async () => {
    const subject = new FakeUnderTest();
    subject.script.faults.confirm = [fault];
    const { edge, change } = await onTrial(subject);
    await edge.advance(1000);
    const confirmed = await edge.confirm(change.id);
    assert.equal(confirmed.ok || confirmed.code, 'failed');
    assert.equal(edge.service.pending()?.change.state, 'awaiting');
    await edge.advance(1000);
    const again = await edge.service.confirm({
      id: change.id,
      word: OPERATOR,
      connection: { openedAt: millis(edge.clock.now() - 1500) },
    });
    assert.ok(again.ok, 'a connection that was new enough before still is');
    assert.equal(await edge.holds(), 'after');
  });

test('what another hand wrote during the trial is kept beside the file', async () => {
  const { edge, change } = await onTrial();
  edge.disk.put(RULES, textOf(['192.0.2.1']));
  await edge.advance(minutes(5));
  assert.equal(await edge.holds(), 'before');
  assert.equal(edge.disk.text(`${RULES}.kept-${change.id}`), textOf(['192.0.2.1']));
});

test('an invalid proposal is told as the subject says it, and nothing is written', async () => {
  const edge = await world();
  const steps = edge.life.steps.length;
  const refused = await edge.propose({ proposal: { deny: ['127.0.0.1'] } });
  assert.ok(!refused.ok && refused.code === 'invalid');
  const short = await edge.propose({ trial: 999 as never });
  assert.equal(short.ok || short.code, 'invalid');
  const unknown = await edge.propose({ subject: 'image' });
  assert.equal(unknown.ok || unknown.code, 'unknown_subject');
  const silent = await edge.propose({ confirmedBy: 'probes' });
  assert.equal(silent.ok || silent.code, 'invalid');
  assert.equal(edge.life.steps.length, steps);
});

test('a subject that hangs costs the process, whose next start undoes the change', async () => {
  const subject = new FakeUnderTest();
  subject.script.faults.apply = ['hangs'];
  const edge = await world(subject);
  const proposal = edge.propose();
  await settled();
  await edge.advance(seconds(60));
  assert.equal(edge.crashes.length, 1);
  assert.match(String(edge.crashes[0]), /fake does not come to an end with apply/);
  await edge.service.stop();
  const answer = await proposal;
  assert.equal(answer.ok || answer.code, 'failed');
  edge.kill();
  await edge.start();
  assert.equal(await edge.holds(), 'before');
  assert.equal((await edge.service.list(1))[0]?.verdict?.by, 'crash');
});
