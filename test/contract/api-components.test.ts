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

test('a source says who may write to it, what it is worth and what it has brought in', async () => {
  const api = new ApiHarness();
  const part = { since: START, state: 'ok' } as const;
  const own = {
    name: 'file:/x',
    detail: 'may be written by root',
    provenance: 'file',
    counters: { bytes: 9, chunks: 1 },
  };
  api.appliance.facts_ = {
    ...FACTS,
    components: [
      { ...part, ...own },
      { ...part, name: 'journal:system', provenance: 'journal', counters: { entries: 7, own: 1 } },
      { ...part, name: 'events', counters: { lines: 3 } },
      { ...part, name: 'segments', counters: {} },
    ],
  };
  const rows = (await api.ask({ target: '/api/v1/components', headers })).json() as readonly Record<string, unknown>[];
  assert.deepEqual(
    rows.map(({ label, detail, provenance, seen }) => [label, detail, provenance, seen]),
    [
      ['Journal system', undefined, 'journal', { count: 7, unit: 'entries' }],
      ['Keeping of events', undefined, undefined, undefined],
      ['Kept events', undefined, undefined, undefined],
      ['Log file /x', own.detail, 'file', { count: 9, unit: 'bytes' }],
    ],
  );
  const status = (await api.ask({ target: '/api/v1/status', headers })).json() as {
    readonly components: readonly object[];
  };
  assert.deepEqual(status.components[0], { ...part, ...own, since: '2026-01-01T00:00:00.000Z' });
});

for (const [what, components, reason] of [
  ['nothing watched', [], 'nothing is watched: no log file, journal or syslog listener is configured'],
  [
    'a source not there',
    [{ name: 'file:/x', state: 'waiting', message: 'no such file' }],
    'file:/x is waiting: no such file',
  ],
  [
    'two parts ill',
    [
      { name: 'file:/x', state: 'failed' },
      { name: 'store', state: 'degraded' },
    ],
    'file:/x is failed, and 1 more',
  ],
  ['all well', [{ name: 'file:/x', state: 'ok' }], ''],
] as const)
  test(`with ${what} the status says why`, async () => {
    const api = new ApiHarness();
    api.appliance.facts_ = { ...FACTS, components: components.map((one) => ({ since: START, counters: {}, ...one })) };
    const { status, status_reason } = (await api.ask({ target: '/api/v1/status', headers })).json() as {
      readonly status: string;
      readonly status_reason: string;
    };
    assert.deepEqual([status, status_reason], [reason === '' ? 'ok' : 'degraded', reason]);
  });

test('capabilities say what there is, and the version', async () => {
  const answer = (await new ApiHarness().ask({ target: '/api/v1/capabilities', headers })).json() as {
    readonly capabilities: readonly string[];
    readonly version: string;
  };
  assert.equal(answer.version, FACTS.version);
  assert.ok(answer.capabilities.includes('events.sse.v1'));
});
