import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, seconds } from '../../../../core/base/time.ts';
import type { Change } from '../../../../core/change/change.ts';
import { FakeUnderTest } from '../../../support/change/fake-under-test.ts';
import { ChangeWorld } from '../../../support/change/world.ts';

/** A change that its probes are to confirm. */
async function probed(probes: FakeUnderTest['script']['probes'], confirmedBy: 'word' | 'probes' = 'probes') {
  const subject = new FakeUnderTest();
  subject.script.probes = probes;
  const edge = await new ChangeWorld({ subject }).boot();
  await edge.start();
  const proposed = await edge.propose({ confirmedBy });
  assert.ok(proposed.ok);
  return { edge, change: proposed.value };
}

const ended = async (edge: ChangeWorld, { id }: Change) => (await edge.service.get(id))?.verdict;

test('probes that pass three rounds in a row confirm; their evidence is kept', async () => {
  const { edge, change } = await probed({ gateway: () => 'passed', disk: () => 'passed' });
  assert.equal(change.state, 'probing');
  await edge.advance(0);
  assert.equal(edge.service.pending()?.change.state, 'awaiting');
  await edge.advance(seconds(10));
  assert.equal(await ended(edge, change), undefined);
  await edge.advance(seconds(10));
  const verdict = await ended(edge, change);
  assert.equal(verdict?.result, 'confirmed');
  assert.equal(verdict?.by, 'probes');
  assert.equal(verdict?.why, 'passed 3 times in a row: gateway, disk');
  assert.equal(await edge.holds(), 'after');
  const evidence = (await edge.service.get(change.id))?.evidence ?? [];
  assert.deepEqual(
    evidence.map(({ probe, detail }) => `${probe} ${detail}`),
    ['gateway round 1', 'disk round 1', 'gateway round 2', 'disk round 2', 'gateway round 3', 'disk round 3'],
  );
});

test('a probe that fails three rounds in a row reverts without waiting for the deadline', async () => {
  const { edge, change } = await probed({ gateway: () => 'failed', disk: () => 'passed' });
  await edge.advance(0);
  await edge.advance(seconds(20));
  const verdict = await ended(edge, change);
  assert.equal(verdict?.by, 'probes_failed');
  assert.equal(verdict?.why, 'failed 3 times in a row: gateway');
  assert.equal(await edge.holds(), 'before');
});

for (const answer of ['unknown', 'hangs', 'throws'] as const)
  test(`a probe that ${answer} is neither for nor against: the deadline reverts`, async () => {
    const { edge, change } = await probed({ gateway: () => answer, disk: () => 'passed' });
    await edge.advance(minutes(5) - 1);
    assert.equal(edge.service.pending()?.change.state, 'awaiting');
    const evidence = edge.service.pending()?.change.evidence ?? [];
    assert.ok(evidence.filter(({ probe }) => probe === 'gateway').every(({ result }) => result === 'unknown'));
    assert.ok(evidence.length > 20 && evidence.length <= 64, `${evidence.length}`);
    await edge.advance(1);
    assert.equal((await ended(edge, change))?.by, 'deadline');
  });

test('where a person confirms, probes that fail are evidence and no more', async () => {
  const { edge, change } = await probed({ gateway: () => 'failed' }, 'word');
  await edge.advance(minutes(2));
  assert.equal(edge.service.pending()?.change.state, 'awaiting');
  const confirmed = await edge.confirm(change.id);
  assert.ok(confirmed.ok);
  assert.ok(confirmed.value.evidence.length > 5);
});

test('a word may come while probes are running', async () => {
  const { edge, change } = await probed({ gateway: () => 'hangs' });
  await edge.advance(1);
  assert.equal(edge.service.pending()?.change.state, 'probing');
  const confirmed = await edge.confirm(change.id);
  assert.ok(confirmed.ok);
  await edge.advance(minutes(10));
  assert.equal(await edge.holds(), 'after');
});

test('evidence outlives the process', async () => {
  const { edge, change } = await probed({ gateway: () => 'passed' }, 'word');
  await edge.advance(0);
  await edge.advance(seconds(10));
  edge.kill();
  await edge.start();
  assert.equal((await edge.service.get(change.id))?.evidence.length, 2);
});
