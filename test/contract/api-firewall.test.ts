import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, plus } from '../../core/base/time.ts';
import { decision, FACTS, networkDecision, START } from '../support/api/fake-appliance.ts';
import { ALLOW } from '../support/api/fake-desks.ts';
import { CSRF } from '../support/api/fake-identity.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');

async function post(api: ApiHarness, path: string, body: object, given: Record<string, string> = headers) {
  const target = `/api/v1/${path}`;
  const answer = await api.ask({ method: 'POST', target, headers: given, body: JSON.stringify(body) });
  return [answer.status, answer.json()];
}

const get = async (api: ApiHarness, path: string) =>
  (await api.ask({ target: `/api/v1/${path}`, headers })).json() as never;

for (const [body, answer] of [
  [{ ip: ' ::FFFF:c000:0207 ' }, { status: 'allowed', ip: '192.0.2.7' }],
  [
    { ip: '192.0.2.7/24', duration: '0' },
    { status: 'allowed', ip: '192.0.2.0/24' },
  ],
  [
    { ip: '2001:DB8::1/64', duration: '7d' },
    { status: 'temp_allowed', ip: '2001:db8::/64' },
  ],
] as const)
  test(`allow-ip ${JSON.stringify(body)}`, async () => {
    assert.deepEqual(await post(new ApiHarness(), 'firewall/allow-ip', body), [200, answer]);
  });

test('an allow reaches the list with expiry, origin and actor, and is audited', async () => {
  const api = new ApiHarness();
  const session = { cookie: 'csm_auth=session-cookie', 'x-csrf-token': CSRF };
  await post(api, 'firewall/allow-ip', { ip: '192.0.2.7', reason: ' probe ', duration: '1h' }, session);
  const [[, { network, written: _, ...order }]] = api.appliance.asked as [
    [string, { network: { text: string }; written: string }],
  ];
  assert.equal(network.text, '192.0.2.7/32');
  const expiresAt = plus(api.clock.now(), hours(1));
  assert.deepEqual(order, { reason: 'probe', expiresAt, origin: 'web_ui', actor: 'operator' });
  const [record] = api.audits;
  assert.deepEqual(
    [record?.action, record?.target, record?.details],
    ['allow_ip', '192.0.2.7', { reason: ' probe ', duration: '1h' }],
  );
});

for (const body of [{ ip: '' }, { ip: '192.0.2' }, { ip: '10.0.0.0/33' }, { ip: '192.0.2.7', duration: '-1h' }])
  test(`allow-ip ${JSON.stringify(body)} is 400 and asks nothing`, async () => {
    const api = new ApiHarness();
    assert.equal((await post(api, 'firewall/allow-ip', body))[0], 400);
    assert.deepEqual(api.appliance.asked, []);
  });

for (const [refusal, status] of [
  ['too_broad', 400],
  ['full', 409],
  ['failed', 500],
] as const)
  test(`an allow refused as ${refusal} is ${status}`, async () => {
    const api = new ApiHarness();
    api.desks.allowRefusal = refusal;
    assert.deepEqual(await post(api, 'firewall/allow-ip', { ip: '192.0.2.7' }), [status, { error: `no: ${refusal}` }]);
  });

test('an allow that takes the place of another says of which', async () => {
  const api = new ApiHarness();
  api.desks.replaced = { ...ALLOW, reason: 'office', expiresAt: plus(START, hours(1)) };
  assert.deepEqual(await post(api, 'firewall/allow-ip', { ip: '192.0.2.7' }), [
    200,
    { status: 'allowed', ip: '192.0.2.7', replaced: { expires_at: '2026-01-01T01:00:00.000Z', reason: 'office' } },
  ]);
});

test('what is asked for is told as it was written', async () => {
  const api = new ApiHarness();
  await post(api, 'firewall/allow-ip', { ip: ' 10.1.2.3/4 ' });
  const [[, { written, network }]] = api.appliance.asked as [[string, { written: string; network: { text: string } }]];
  assert.deepEqual([written, network.text], ['10.1.2.3/4', '0.0.0.0/4']);
});

test('firewall/check tells what lets an address in', async () => {
  const api = new ApiHarness();
  const { allowed } = (await get(api, 'firewall/check?ip=198.51.100.7')) as { allowed: object };
  assert.deepEqual(allowed, { subject: '198.51.100.0/24', reason: 'monitoring', expires_at: '' });
});

test('removing an allow says what was removed, and what did not follow', async () => {
  const api = new ApiHarness();
  const removed = { status: 'removed', ip: '192.0.2.0/24' };
  assert.deepEqual(await post(api, 'firewall/remove-allow', { ip: '192.0.2.1/24' }), [200, removed]);
  assert.deepEqual(api.appliance.asked, [
    ['disallow', '192.0.2.0/24', { actor: 'operator', origin: 'api', peer: '198.51.100.1' }],
  ]);
  api.desks.warning = { warning: 'later' };
  assert.deepEqual(await post(api, 'firewall/remove-allow', { ip: '192.0.2.1/24' }), [
    200,
    { ...removed, warning: 'later' },
  ]);
  api.desks.diskFails = true;
  assert.equal((await post(api, 'firewall/remove-allow', { ip: '192.0.2.1' }))[0], 500);
  assert.equal((await post(api, 'firewall/remove-allow', { ip: 'x' }))[0], 400);
});

test('who is allowed, sorted, with and without an end', async () => {
  const api = new ApiHarness();
  api.desks.allowed = [
    ALLOW,
    { ...ALLOW, subject: '192.0.2.7', origin: 'cli', expiresAt: plus(api.clock.now(), hours(2)) },
  ];
  assert.deepEqual(await get(api, 'firewall/allowed'), {
    allowed: [
      {
        ip: '192.0.2.7',
        reason: 'monitoring',
        source: 'cli',
        expires_at: '2026-01-01T02:00:00.000Z',
        expires_in: '2h0m',
      },
      { ip: '198.51.100.0/24', reason: 'monitoring', source: 'web_ui', expires_in: 'permanent' },
    ],
    port_allowed: [],
  });
});

test('an address is allowed to ports, shown with them, and taken off them', async () => {
  const api = new ApiHarness();
  const ports = [
    { protocol: 'tcp', port: 443 },
    { protocol: 'udp', port: 53 },
  ] as const;
  const body = { ip: '192.0.2.7', ports: [...ports, ports[0]], reason: 'office' };
  assert.deepEqual(await post(api, 'firewall/allow-ip', body), [200, { status: 'allowed', ip: '192.0.2.7', ports }]);
  for (const wrong of [[], [{ protocol: 'icmp', port: 1 }], [{ protocol: 'tcp', port: 0 }], [443], 443]) {
    assert.equal((await post(api, 'firewall/allow-ip', { ip: '192.0.2.7', ports: wrong }))[0], 400);
  }
  assert.equal((await post(api, 'firewall/remove-allow', { ip: '192.0.2.7', ports: [ports[1]] }))[0], 200);
  const asked = JSON.parse(JSON.stringify(api.appliance.asked)) as readonly (readonly { readonly ports?: unknown }[])[];
  assert.deepEqual(
    asked.map((words) => words.at(-1)?.ports),
    [ports, [ports[1]]],
  );
  api.desks.portAllowed = [{ ...ALLOW, subject: '192.0.2.7', port: ports[1] }];
  const shown = (await get(api, 'firewall/allowed')) as { readonly port_allowed: unknown };
  assert.deepEqual(shown.port_allowed, [
    { ip: '192.0.2.7', port: 53, proto: 'udp', reason: 'monitoring', source: 'web_ui', expires_in: 'permanent' },
  ]);
});

test('the status of the firewall tells of its features what has an effect', async () => {
  const api = new ApiHarness();
  const told = async () => {
    const { tcp_in, restricted_tcp, conn_limit, count_only, ...status } = (await get(api, 'firewall/status')) as Record<
      string,
      unknown
    >;
    return [tcp_in, restricted_tcp, status['default'], conn_limit, count_only, status['port_allow_count']];
  };
  assert.deepEqual(await told(), [[22, 443], [2087], 'drop', 0, [], 0]);
  assert.deepEqual(((await get(api, 'firewall/status')) as Record<string, unknown>)['country_block'], ['kp']);
});

test('the status of the firewall counts what lasts and what ends', async () => {
  const api = new ApiHarness();
  api.appliance.active = [decision('192.0.2.9'), decision('192.0.2.8', { expiresAt: 'never' }), decision('192.0.2.7')];
  const status = (await get(api, 'firewall/status')) as Record<string, unknown>;
  const { enabled, deny_ip_limit, infra_ips, infra_count } = status;
  assert.deepEqual([enabled, deny_ip_limit, infra_ips, infra_count], [true, 500_000, ['192.0.2.1'], 1]);
  const counts = ['blocked_count', 'blocked_permanent', 'blocked_temporary', 'allowed_count', 'allow_permanent'];
  assert.deepEqual(
    counts.map((name) => status[name]),
    [3, 1, 2, 1, 1],
  );
});

const EVENTS = [
  { at: plus(START, hours(1)), action: 'unblock', subject: '192.0.2.9', reason: 'unblocked by ops', origin: 'api' },
  {
    at: START,
    action: 'block',
    subject: '192.0.2.9',
    reason: 'SSH',
    origin: 'auto_response',
    expiresAt: plus(START, hours(24)),
  },
  { at: START, action: 'allow', subject: '198.51.100.0/24', reason: 'probe', origin: 'cli', expiresAt: 'never' },
] as const;

for (const [query, actions] of [
  ['', ['unblock', 'block', 'allow']],
  ['?limit=2', ['unblock', 'block']],
  ['?limit=x', ['unblock', 'block', 'allow']],
  ['?action=block', ['block']],
  ['?source=cli', ['allow']],
  ['?search=ssh', ['block']],
  ['?search=198.51', ['allow']],
  ['?search=nothing', []],
  ['?limit=1&action=allow', ['allow']],
] as const)
  test(`firewall/audit${query} shows ${actions.join(', ') || 'nothing'}`, async () => {
    const api = new ApiHarness();
    api.desks.events = EVENTS;
    const rows = (await get(api, `firewall/audit${query}`)) as { action: string }[];
    assert.deepEqual(
      rows.map(({ action }) => action),
      actions,
    );
  });

test('a row of the firewall audit', async () => {
  const api = new ApiHarness();
  api.desks.events = [EVENTS[1]];
  api.clock.advance(7_200_000);
  assert.deepEqual(await get(api, 'firewall/audit'), [
    {
      timestamp: '2026-01-01 00:00:00',
      action: 'block',
      ip: '192.0.2.9',
      reason: 'SSH',
      source: 'auto_response',
      duration: '24h0m0s',
      time_ago: '2h ago',
    },
  ]);
});

test('many are unblocked at once; what is no address is not counted', async () => {
  const api = new ApiHarness();
  const body = { ips: ['192.0.2.7', '::ffff:192.0.2.8', 'nonsense'] };
  const done = { status: 'completed', total: 3, succeeded: 2, undo_token: 'undo-1' };
  assert.deepEqual(await post(api, 'unblock-bulk', body), [200, done]);
  assert.deepEqual(api.appliance.asked, [['unblockAll', ['192.0.2.7', '192.0.2.8'], 'operator']]);
  assert.deepEqual(api.audits[0]?.details, { ips: '192.0.2.7 ::ffff:192.0.2.8 nonsense' });
  for (const [refusal, status] of [
    ['observing', 503],
    ['failed', 500],
  ] as const) {
    api.appliance.unblockRefusal = refusal;
    assert.equal((await post(api, 'unblock-bulk', body))[0], status);
  }
});

test('a test alert says whether it was sent', async () => {
  const api = new ApiHarness();
  assert.deepEqual(await post(api, 'test-alert', {}), [200, { status: 'sent' }]);
  api.appliance.keepsFindings = false;
  assert.deepEqual(await post(api, 'test-alert', {}), [200, { status: 'error', error: 'no: disk' }]);
  assert.deepEqual(api.appliance.asked, [
    ['testAlert', 'operator'],
    ['testAlert', 'operator'],
  ]);
  assert.equal(api.audits[0]?.action, 'test_alert');
});

test('blocked networks are listed, counted, found by their addresses and lifted', async () => {
  const api = new ApiHarness();
  api.appliance.active = [];
  api.appliance.networks = [networkDecision('203.0.113.0/24')];
  api.appliance.facts_ = { ...FACTS, blockedNetworks: 1, queue: { pending: 2, givenUp: 0 } };
  assert.deepEqual(await get(api, 'firewall/subnets'), [
    {
      cidr: '203.0.113.0/24',
      reason: '3 addresses of 203.0.113.0/24 are blocked',
      source: 'auto_response',
      blocked_at: '2026-01-01T00:00:00.000Z',
      time_ago: '0s ago',
      expires_in: '23h59m',
      enforced: true,
    },
  ]);
  const { blocked_net_count, pending_count } = (await get(api, 'firewall/status')) as Record<string, unknown>;
  assert.deepEqual([blocked_net_count, pending_count], [1, 2]);
  const { automation, blocks_pending } = (await get(api, 'status')) as Record<string, Record<string, unknown>>;
  assert.deepEqual([automation?.['firewall_blocked_subnets'], blocks_pending], [1, 2]);
  const { temporary } = (await get(api, 'firewall/check?ip=203.0.113.9')) as Record<string, unknown>;
  assert.equal(temporary, '3 addresses of 203.0.113.0/24 are blocked');
  const remove = (cidr: string) => post(api, 'firewall/remove-subnet', { cidr });
  assert.deepEqual(await remove(' 203.0.113.77/24 '), [
    200,
    { status: 'removed', cidr: '203.0.113.0/24', was_blocked: true, undo_token: 'undo-1' },
  ]);
  assert.deepEqual(api.appliance.asked, [['unblockNetwork', { network: '203.0.113.0/24', actor: 'operator' }]]);
  const ip = '203.0.113.9';
  const warning = 'its network 203.0.113.0/24 is blocked still';
  assert.deepEqual(await post(api, 'unblock-ip', { ip }), [
    200,
    { status: 'unblocked', ip, was_blocked: true, undo_token: 'undo-2', warning },
  ]);
  assert.equal((await remove('x'))[0], 400);
  for (const [refusal, status] of [
    ['not_blocked', 200],
    ['observing', 503],
    ['failed', 500],
  ] as const) {
    api.appliance.unblockRefusal = refusal;
    assert.equal((await remove('203.0.113.0/24'))[0], status, refusal);
  }
});

test('blocks that wait are listed in the order of their turns', async () => {
  const api = new ApiHarness();
  const waiting = (ip: string, change: object = {}) => decision(ip, { state: 'pending', ...change });
  api.appliance.pending = [
    { decision: waiting('192.0.2.9'), severity: 'critical', since: plus(START, hours(1)) },
    { decision: waiting('192.0.2.8', { expiresAt: 'never' }), severity: 'high', since: START },
  ];
  const expires_at = '2026-01-01T23:59:59.000Z';
  assert.deepEqual(await get(api, 'pending-blocks'), [
    {
      ip: '192.0.2.9',
      reason: 'ssh_bruteforce',
      severity: 2,
      waiting_since: '2026-01-01T01:00:00.000Z',
      expires_at,
      expires_in: '23h59m',
    },
    {
      ip: '192.0.2.8',
      reason: 'ssh_bruteforce',
      severity: 1,
      waiting_since: '2026-01-01T00:00:00.000Z',
      expires_at: '',
      expires_in: 'permanent',
    },
  ]);
});

test('what the firewall has counted is told in steps since a moment of the last day', async () => {
  const api = new ApiHarness();
  const reading = (packets: number) => [{ name: 'blocked4', packets, bytes: packets * 60 }];
  api.desks.counters.take(reading(5), millis(START - 20_000));
  api.desks.counters.take(reading(8), START);
  assert.deepEqual(await get(api, 'firewall/counters?since=20s'), {
    from: '2025-12-31T23:59:40.000Z',
    step_seconds: 10,
    counters: [{ name: 'blocked4', total: { packets: 8, bytes: 480 }, packets: [0, 0, 3], bytes: [0, 0, 180] }],
  });
  for (const [since, steps] of [
    ['', 361],
    ['?since=2020-01-01', 1235],
    ['?since=now', 1],
    ['?since=2027-01-01', 1],
  ] as const) {
    const { counters } = (await get(api, `firewall/counters${since}`)) as { counters: { packets: number[] }[] };
    assert.equal(counters[0]?.packets.length, steps, since);
  }
  const headers = bearer('read-token');
  assert.equal((await api.ask({ target: '/api/v1/firewall/counters?since=soon', headers })).status, 400);
});
