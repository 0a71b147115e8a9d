import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from '../../../../core/api/csm/status.ts';
import { expiresIn } from '../../../../core/api/csm/wire.ts';
import { type Deadline, millis } from '../../../../core/base/time.ts';
import { FACTS } from '../../../support/api/fake-appliance.ts';

for (const [left, written] of [
  [86_399_000, '23h59m'],
  [3_600_000, '1h0m'],
  [3_599_000, '59m'],
  [60_000, '1m'],
  [59_999, '59s'],
  [0, '0s'],
  [-5, '0s'],
  ['never', 'permanent'],
] as const)
  test(`a block with ${left} ms left expires in ${written}`, () => {
    const now = millis(1_000_000);
    const deadline: Deadline = left === 'never' ? 'never' : millis(now + left);
    assert.equal(expiresIn(deadline, now), written);
  });

const component = (name: string, state: 'ok' | 'waiting' | 'failed' | 'degraded') => ({
  name,
  state,
  since: FACTS.startedAt,
  counters: {},
});

for (const [what, change, health, posture] of [
  ['all well', {}, 'ok', 'healthy'],
  ['nothing is watched', { components: [] }, 'degraded', 'healthy'],
  ['a watcher waits for its file', { components: [component('file:/a', 'waiting')] }, 'degraded', 'warning'],
  [
    'the firewall has failed',
    { components: [component('file:/a', 'ok'), component('firewall', 'failed')] },
    'degraded',
    'healthy',
  ],
  ['the store is lost', { store: { healthy: false, bytes: 0 } }, 'degraded', 'warning'],
  ['no checks and no store', { checks: 0, store: { healthy: false, bytes: 0 } }, 'degraded', 'critical'],
] as const)
  test(`${what}: ${health}, posture ${posture}`, () => {
    const { status, security_posture } = statusOf({ ...FACTS, ...change }, 0);
    assert.deepEqual([status, security_posture], [health, posture]);
  });

test('watchers are the components that bring events in', () => {
  const components = [component('file:/a', 'ok'), component('file:/b', 'waiting'), component('store', 'ok')];
  assert.deepEqual(statusOf({ ...FACTS, components }, 2).watchers, { 'file:/a': true, 'file:/b': false });
});
