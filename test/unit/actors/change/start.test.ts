import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTORY_KEPT } from '../../../../actors/change/history.ts';
import { minutes, seconds } from '../../../../core/base/time.ts';
import type { Change, Spans } from '../../../../core/change/change.ts';
import { decodeTrial } from '../../../../core/change/texts.ts';
import { RULES } from '../../../support/change/fake-subject.ts';
import { FakeUnderTest } from '../../../support/change/fake-under-test.ts';
import { ChangeWorld, OPERATOR } from '../../../support/change/world.ts';
import { settled } from '../../../support/settled.ts';

const FOLDER = '/var/lib/edge/change';

async function onTrial(spans: Spans = 'nothing'): Promise<{ readonly edge: ChangeWorld; readonly change: Change }> {
  const subject = new FakeUnderTest({ deny: ['203.0.113.4', '203.0.113.5'], spans });
  const edge = await new ChangeWorld({ subject }).boot();
  await edge.start();
  const proposed = await edge.propose();
  assert.ok(proposed.ok);
  return { edge, change: proposed.value };
}

const verdictOf = async (edge: ChangeWorld, { id }: Change): Promise<string | undefined> =>
  (await edge.service.get(id))?.verdict?.by;

test('killed and started again, the trial goes on for what is left', async () => {
  const { edge, change } = await onTrial();
  await edge.advance(minutes(2));
  edge.kill();
  await edge.advance(seconds(30));
  await edge.start();
  assert.equal(edge.service.pending()?.left, minutes(2.5));
  assert.equal(await edge.holds(), 'trial');
  await edge.advance(1000);
  const confirmed = await edge.confirm(change.id);
  assert.ok(confirmed.ok);
  assert.equal(confirmed.value.appliedAt, change.appliedAt);
});

test('stopped in order, what is on trial stays on trial', async () => {
  const { edge, change } = await onTrial();
  await edge.service.stop();
  assert.equal(await edge.holds(), 'trial');
  const refused = await edge.confirm(change.id);
  assert.equal(refused.ok || refused.code, 'failed');
  await edge.start();
  assert.equal(edge.service.pending()?.change.id, change.id);
});

test('dead past the deadline, a start undoes it first thing', async () => {
  const { edge, change } = await onTrial();
  edge.kill();
  await edge.advance(minutes(6));
  await edge.start();
  assert.equal(await edge.holds(), 'before');
  assert.equal(await verdictOf(edge, change), 'deadline');
});

for (const { spans, by } of [
  { spans: 'nothing', by: 'reboot' },
  { spans: 'restart', by: 'reboot' },
  { spans: 'reboot', by: undefined },
] as const)
  test(`another boot, of a trial that spans ${spans}: ${by ?? 'goes on'}`, async () => {
    const { edge, change } = await onTrial(spans);
    await edge.advance(minutes(1));
    await edge.reboot();
    await edge.start();
    assert.equal(await verdictOf(edge, change), by);
    assert.equal(await edge.holds(), by === undefined ? 'trial' : 'before');
    if (by !== undefined) return;
    assert.equal(edge.service.pending()?.left, minutes(5) - seconds(20), 'the uptime of the new boot counts');
    await edge.reboot();
    await edge.start();
    assert.equal(await verdictOf(edge, change), 'reboot', 'one boot belongs to it, not two');
  });

test('three failed starts undo it; a start that succeeds forgets those before it', async () => {
  const { edge, change } = await onTrial();
  edge.kill();
  edge.disk.put(`${FOLDER}/pending/failures`, 'start\nstart\nstart\n');
  await edge.start();
  assert.equal(edge.service.pending()?.change.id, change.id);
  await edge.service.startSucceeded();
  assert.equal(edge.disk.text(`${FOLDER}/pending/failures`), undefined);
  edge.kill();
  edge.disk.put(`${FOLDER}/pending/failures`, 'start\nstart\nstart\nstart\n');
  await edge.start();
  assert.equal(await verdictOf(edge, change), 'failed_starts');
  assert.equal(await edge.holds(), 'before');
});

test('what a reverter without Node ended is taken into the history', async () => {
  const { edge, change } = await onTrial();
  edge.kill();
  for (const name of ['trial', 'record.json', 'files/0.path', 'files/0.attributes', 'files/0.content'])
    edge.disk.put(`${FOLDER}/done/${change.id}/${name}`, edge.disk.text(`${FOLDER}/pending/${name}`) ?? '');
  edge.disk.put(
    `${FOLDER}/done/${change.id}/verdict`,
    'result=reverted\nby=failed_starts\nwhy=three starts failed\nat=1767225700000\n',
  );
  const fresh = await new ChangeWorld().boot();
  for (const name of ['trial', 'record.json', 'verdict', 'files/0.path', 'files/0.attributes', 'files/0.content'])
    fresh.disk.put(`${FOLDER}/done/${change.id}/${name}`, edge.disk.text(`${FOLDER}/done/${change.id}/${name}`) ?? '');
  await fresh.start();
  const [listed] = await fresh.service.list(1);
  assert.equal(listed?.id, change.id);
  assert.equal(listed?.summary, change.summary);
  assert.deepEqual(listed?.verdict, {
    result: 'reverted',
    by: 'failed_starts',
    why: 'three starts failed',
    at: 1_767_225_700_000,
  });
  assert.deepEqual(fresh.disk.names(`${FOLDER}/done`), []);
});

test('a store that takes nothing leaves the ended change in its folder, listed all the same', async () => {
  const { edge, change } = await onTrial();
  edge.store.failing = () => true;
  await edge.advance(minutes(5));
  assert.equal(await verdictOf(edge, change), 'deadline');
  assert.deepEqual(edge.disk.names(`${FOLDER}/done`), [change.id]);
  assert.ok(edge.log.some(({ message }) => message === 'a change that ended could not be kept'));
  edge.store.failing = () => false;
  edge.kill();
  await edge.start();
  assert.deepEqual(edge.disk.names(`${FOLDER}/done`), []);
  assert.equal(await verdictOf(edge, change), 'deadline');
});

test('the history is bounded, the oldest go, and it is listed page by page', async () => {
  const edge = await new ChangeWorld().boot();
  await edge.start();
  for (let i = 0; i < 5; i++) {
    assert.ok((await edge.propose()).ok);
    await edge.advance(minutes(5));
  }
  const all = await edge.service.list(10);
  assert.equal(all.length, 5);
  assert.deepEqual(
    [...all].sort((a, b) => b.proposedAt - a.proposedAt),
    all,
  );
  assert.deepEqual(await edge.service.list(2, all[1]?.id), all.slice(2, 4));
  assert.ok(HISTORY_KEPT >= 100);
});

test('a record that cannot be read does not keep the trial from being reverted', async () => {
  const { edge, change } = await onTrial();
  edge.kill();
  edge.disk.put(`${FOLDER}/pending/record.json`, '{');
  await edge.start();
  assert.equal(edge.service.pending()?.change.id, change.id);
  await edge.advance(minutes(5));
  assert.equal(await edge.holds(), 'before');
});

test('a trial that cannot be read at all is set aside, loudly, and the next change may come', async () => {
  const { edge } = await onTrial();
  edge.kill();
  edge.disk.put(`${FOLDER}/pending/trial`, 'id=');
  await edge.start();
  assert.equal(edge.service.component().state, 'failed');
  assert.match(edge.service.component().message ?? '', /cannot be read.*damaged-/);
  assert.equal(edge.service.pending(), undefined);
});

test('a disk that refuses the snapshot: nothing is changed, and it is said', async () => {
  const edge = await new ChangeWorld().boot();
  await edge.start();
  for (const operation of ['mkdir', 'write', 'fsync', 'rename']) {
    edge.disk.fault = (name, path) => (name === operation && path.includes('/change/pending') ? 'ENOSPC' : undefined);
    const refused = await edge.propose();
    assert.ok(!refused.ok && refused.code === 'failed');
    assert.match(refused.public, /everything is as before: ENOSPC/);
    assert.equal(await edge.holds(), 'before');
    edge.disk.fault = () => undefined;
  }
  assert.ok((await edge.propose()).ok);
});

test('a disk that refuses the end of a confirmation: on trial again; of a revert: stuck until it obeys', async () => {
  const { edge, change } = await onTrial();
  await edge.advance(1000);
  edge.disk.fault = (name, path) => (name === 'fsync' && path.endsWith('/done') ? 'EIO' : undefined);
  const refused = await edge.confirm(change.id);
  assert.ok(!refused.ok && refused.code === 'failed');
  assert.equal(await edge.holds(), 'trial');
  assert.ok(edge.disk.names(FOLDER)?.includes('pending'));
  await edge.advance(minutes(5) - 1000);
  assert.equal(edge.service.pending()?.change.state, 'stuck');
  edge.disk.fault = () => undefined;
  await edge.advance(1000);
  assert.equal(await edge.holds(), 'before');
  assert.equal(await verdictOf(edge, change), 'deadline');
});

test('a change that takes effect with a restart is asked to, and cannot be confirmed before', async () => {
  const subject = new FakeUnderTest();
  const make = subject.make.bind(subject);
  subject.make = (parts) => {
    const made = make(parts);
    const apply = made.apply.bind(made);
    made.apply = async (plan, trial) => {
      const applied = await apply(plan, trial);
      return applied.ok ? { ok: true, value: { takesEffect: 'restart' } } : applied;
    };
    return made;
  };
  const edge = await new ChangeWorld({ subject }).boot();
  await edge.start();
  const proposed = await edge.propose();
  assert.ok(proposed.ok);
  assert.equal(proposed.value.state, 'applying');
  assert.deepEqual(edge.restarts, [250]);
  await edge.advance(1000);
  const early = await edge.confirm(proposed.value.id);
  assert.ok(!early.ok && early.code === 'failed');
  await edge.service.stop();
  edge.kill();
  await edge.start();
  await settled();
  assert.equal(edge.service.pending()?.change.appliedAt, edge.clock.now());
  await edge.advance(1000);
  assert.ok((await edge.confirm(proposed.value.id)).ok);
  assert.equal(await edge.holds(), 'after');
});

test('the facts on disk are those that a reverter goes by', async () => {
  const { edge, change } = await onTrial('restart');
  const facts = decodeTrial(edge.disk.text(`${FOLDER}/pending/trial`) ?? '');
  assert.ok(facts.ok);
  const { id, subject, spans, bootId, trial, deadline, before, after } = change;
  assert.deepEqual(facts.value, { id, subject, spans, bootId, trial, deadline, before, after, forced: false });
  assert.equal(edge.disk.text(`${FOLDER}/pending/ruleset.nft`), '198.51.100.7\n');
  assert.equal(edge.disk.text(`${FOLDER}/pending/files/0.attributes`), '640 0 4\n');
});

test('a revert that was cut off is finished by the next start, and says whose word it was', async () => {
  const { edge, change } = await onTrial();
  edge.disk.fault = (_, path) => {
    if (path.startsWith(RULES)) edge.kill();
    return undefined;
  };
  await Promise.race([edge.service.revert({ id: change.id, word: OPERATOR }), edge.life.died]);
  edge.disk.fault = () => undefined;
  await edge.start();
  assert.equal(edge.service.pending(), undefined);
  assert.deepEqual((await edge.service.get(change.id))?.verdict?.word, OPERATOR);
  assert.equal(await edge.holds(), 'before');
});

test('a folder that cannot be made ready is tried again with the next proposal', async () => {
  const edge = await new ChangeWorld().boot();
  edge.disk.fault = (name) => (name === 'mkdir' ? 'EROFS' : undefined);
  await edge.start();
  assert.equal(edge.service.component().state, 'failed');
  assert.match(edge.service.component().message ?? '', /nothing can be put on trial: EROFS/);
  const refused = await edge.propose();
  assert.equal(refused.ok || refused.code, 'failed');
  edge.disk.fault = () => undefined;
  assert.ok((await edge.propose()).ok);
  assert.equal(edge.service.component().state, 'ok');
});
