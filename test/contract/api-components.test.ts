import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, millis, plus } from '../../core/base/time.ts';
import { FACTS, START } from '../support/api/fake-appliance.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('read-token');

test('components come worst first, each with what it last did', async () => {
  const api = new ApiHarness();
  const now = plus(START, days(8));
  const part = { since: START, counters: {} };
  api.appliance.facts_ = {
    ...FACTS,
    now,
    components: [
      { ...part, name: 'http', state: 'ok', counters: { requests: 3 } },
      { ...part, name: 'firewall', state: 'off', message: 'observing' },
      { ...part, name: 'file:/var/log/auth.log', state: 'ok', lastEventAt: millis(now - 65_000) },
      { ...part, name: 'file:/var/log/quiet.log', state: 'ok', lastEventAt: START },
      { ...part, name: 'file:/var/log/none.log', state: 'waiting', message: 'is not there yet' },
      { ...part, name: 'pipeline', state: 'starting' },
      { ...part, name: 'store', state: 'degraded', message: 'disk gone' },
    ],
  };
  const rows = (await api.ask({ target: '/api/v1/components', headers })).json() as readonly Record<string, unknown>[];
  assert.deepEqual(
    rows.map(({ label, status, attached }) => [label, status, attached]),
    [
      ['Log file /var/log/none.log', 'degraded', false],
      ['Store', 'degraded', true],
      ['Firewall', 'idle', false],
      ['Log file /var/log/quiet.log', 'idle', true],
      ['HTTPS API', 'ok', true],
      ['Log file /var/log/auth.log', 'ok', true],
      ['Detection', 'unknown', false],
    ],
  );
  const { last_event_ago, last_event_iso, changed_ago } = rows[5] ?? {};
  assert.deepEqual([last_event_ago, changed_ago], ['1m ago', '8d ago']);
  assert.equal(last_event_iso, '2026-01-08T23:58:55.000Z');
});

test('capabilities say what there is, and the version', async () => {
  const answer = (await new ApiHarness().ask({ target: '/api/v1/capabilities', headers })).json() as {
    readonly capabilities: readonly string[];
    readonly version: string;
  };
  assert.equal(answer.version, FACTS.version);
  assert.ok(answer.capabilities.includes('events.sse.v1'));
});
