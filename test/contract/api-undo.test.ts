import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askingOf } from '../../core/api/csm/block-ip.ts';
import { plus } from '../../core/base/time.ts';
import { MOST_UNDOS, UNDO_WINDOW } from '../../core/respond/undo.ts';
import { decision, networkDecision, START } from '../support/api/fake-appliance.ts';
import { CSRF } from '../support/api/fake-identity.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const SESSION = { cookie: 'csm_auth=session-cookie', 'x-csrf-token': CSRF };

async function post(api: ApiHarness, path: string, body?: object, given: Record<string, string> = headers) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await api.ask({ method: 'POST', target: `/api/v1/${path}`, headers: given, ...sent });
  return [answer.status, answer.json()] as const;
}

const pending = async (api: ApiHarness, given: Record<string, string> = headers) =>
  (await api.ask({ target: '/api/v1/undo/pending', headers: given })).json() as Record<string, string>;

/** What `undo/run` answers with. */
const run = (api: ApiHarness, id = '') => post(api, 'undo/run', { id });

test('without an order there is nothing to take back', async () => {
  const api = new ApiHarness();
  assert.deepEqual(await pending(api), {});
  assert.deepEqual(await run(api), [410, { error: 'Undo window expired' }]);
});

test('an unblocked lot is pending for its operator, whoever shares the token, and blocked again once', async () => {
  const api = new ApiHarness();
  const [, { undo_token: id }] = (await post(api, 'unblock-bulk', { ips: ['192.0.2.7', '192.0.2.8'] })) as [
    number,
    { undo_token: string },
  ];
  const entry = {
    id,
    action: 'firewall_bulk_unblock',
    inverse: 'firewall_bulk_reblock',
    summary: 'Unblocked 2 addresses',
    recorded_at: '2026-01-01T00:00:00.000Z',
    expires_at: '2026-01-01T00:00:30.000Z',
  };
  assert.deepEqual([await pending(api), await pending(api, SESSION)], [entry, entry]);
  const { action, inverse } = entry;
  assert.deepEqual(await run(api, id), [200, { status: 'ok', action, inverse, count: 2 }]);
  assert.equal((await run(api, id))[0], 410);
  assert.deepEqual(await pending(api), {});
  const record = api.audits.find((one) => one.action.startsWith('undo'));
  assert.deepEqual([record?.action, record?.target], ['undo_firewall_bulk_unblock', id]);
  assert.deepEqual(record?.details, { inverse, count: 2 });
  assert.equal(api.audits.at(-1)?.action, 'undo');
});

test('an order is gone after half a minute, or when others came on top of it', async () => {
  const api = new ApiHarness();
  await post(api, 'block-ip', { ip: '192.0.2.7' });
  api.desks.undo.now = plus(START, UNDO_WINDOW);
  assert.equal((await run(api, 'undo-1'))[0], 410);
  for (let i = 0; i <= MOST_UNDOS; i++) await post(api, 'block-ip', { ip: '192.0.2.7' });
  assert.equal((await run(api, 'undo-2'))[0], 410);
  assert.equal((await run(api, 'undo-3'))[0], 200);
});

for (const [path, body, action, inverse, summary] of [
  ['block-ip', { ip: '192.0.2.7' }, 'block_ip', 'threat_bulk_unblock', 'Blocked 192.0.2.7'],
  ['unblock-ip', { ip: '192.0.2.7' }, 'unblock_ip', 'firewall_bulk_reblock', 'Unblocked 192.0.2.7'],
  ['firewall/deny-subnet', { cidr: '203.0.113.9/24' }, 'deny_subnet', 'threat_bulk_unblock', 'Blocked 203.0.113.0/24'],
  [
    'firewall/remove-subnet',
    { cidr: '203.0.113.0/24' },
    'remove_subnet',
    'firewall_bulk_reblock',
    'Unblocked 203.0.113.0/24',
  ],
  [
    'firewall/flush',
    undefined,
    'firewall_flush',
    'firewall_bulk_reblock',
    'Lifted all blocks: 1 address and 1 network',
  ],
  ['firewall/unban', { ip: '192.0.2.9' }, 'unban', 'firewall_bulk_reblock', 'Set 192.0.2.9 free'],
] as const)
  test(`${path} can be taken back`, async () => {
    const api = new ApiHarness();
    api.appliance.networks = [networkDecision('203.0.113.0/24')];
    const [status, answer] = await post(api, path, body);
    assert.deepEqual([status, (answer as { undo_token: string }).undo_token], [200, 'undo-1']);
    const entry = await pending(api);
    assert.deepEqual([entry['action'], entry['inverse'], entry['summary']], [action, inverse, summary]);
    const [, done] = await run(api);
    assert.equal((done as { action: string }).action, action);
    const [[operator, , by]] = api.desks.undo.reversed as [[string, unknown, unknown]];
    assert.deepEqual([operator, by], ['token operator', { actor: 'operator', origin: 'api' }]);
  });

for (const [path, body] of [
  ['unblock-ip', { ip: '192.0.2.7' }],
  ['firewall/remove-subnet', { cidr: '203.0.113.0/24' }],
] as const)
  test(`${path} of what was not blocked leaves nothing to take back`, async () => {
    const api = new ApiHarness();
    api.appliance.unblockRefusal = 'not_blocked';
    const [, answer] = await post(api, path, body);
    const { was_blocked: was, undo_token: token } = answer as { was_blocked: boolean; undo_token: string };
    assert.deepEqual([was, token, await pending(api)], [false, '', {}]);
  });

for (const [refusal, status] of [
  ['observing', 503],
  ['failed', 500],
] as const)
  test(`an order whose reversal is refused as ${refusal} is ${status}, and used up`, async () => {
    const api = new ApiHarness();
    await post(api, 'block-ip', { ip: '192.0.2.7' });
    api.desks.undo.refusal = refusal;
    assert.deepEqual(await run(api), [status, { error: `no: ${refusal}` }]);
    assert.equal((await run(api))[0], 410);
  });

test('an empty body is refused, an empty object is the newest', async () => {
  const api = new ApiHarness();
  await post(api, 'block-ip', { ip: '192.0.2.7' });
  assert.equal((await post(api, 'undo/run'))[0], 400);
  assert.equal((await post(api, 'undo/run', {}))[0], 200);
});

test('a flush needs no body, says how much it lifted, and is audited', async () => {
  const api = new ApiHarness();
  api.appliance.active = [decision('192.0.2.9'), decision('192.0.2.8')];
  const flushed = { status: 'flushed', addresses: 2, networks: 0, undo_token: 'undo-1' };
  assert.deepEqual(await post(api, 'firewall/flush'), [200, flushed]);
  assert.deepEqual(api.appliance.asked, [['flush', { actor: 'operator', origin: 'api' }]]);
  assert.deepEqual(api.audits[0]?.details, { addresses: 2, networks: 0 });
  for (const [refusal, status] of [
    ['observing', 503],
    ['failed', 500],
  ] as const) {
    api.appliance.unblockRefusal = refusal;
    assert.equal((await post(api, 'firewall/flush'))[0], status);
  }
});

test('a network is denied in canonical form, with reason, end and who asks', async () => {
  const api = new ApiHarness();
  const body = { cidr: ' 203.0.113.77/24 ', reason: ' scan ', duration: '7d' };
  const done = { status: 'blocked', cidr: '203.0.113.0/24', undo_token: 'undo-1' };
  assert.deepEqual(await post(api, 'firewall/deny-subnet', body), [200, done]);
  const [[, { network, ...order }]] = api.appliance.asked as [[string, { network: { text: string } }]];
  const expiresAt = plus(api.clock.now(), (7 * 86_400_000) as typeof UNDO_WINDOW);
  assert.equal(network.text, '203.0.113.0/24');
  assert.deepEqual(order, { reason: 'scan', expiresAt, origin: 'api', actor: 'operator', peer: '198.51.100.1' });
  assert.equal(api.audits[0]?.action, 'deny_subnet');
});

test('who asks is told to the order, with the reason to do it all the same', async () => {
  for (const [path, subject] of [
    ['block-ip', { ip: '198.51.100.1' }],
    ['firewall/deny-subnet', { cidr: '198.51.100.1/32' }],
  ] as const) {
    const api = new ApiHarness();
    const ask = (more: object) => post(api, path, { ...subject, ...more });
    assert.equal((await ask({ force_reason: 'I leave', asking_from: '192.0.2.1' }))[0], 200);
    const [[order, { ip, peer, forcedBecause }]] = api.appliance.asked as [[string, Record<string, string>]];
    assert.deepEqual([order, ip, peer, forcedBecause], ['block', '198.51.100.1', '198.51.100.1', 'I leave']);
    assert.equal(api.audits[0]?.details['force_reason'], 'I leave');
    api.appliance.blockRefusal = api.appliance.blockNetworkRefusal = 'would_cut';
    assert.deepEqual(await ask({}), [409, { error: 'no: would_cut' }]);
  }
});

test('the control socket, which shows nobody, is told where they came from', () => {
  const local = { principal: { kind: 'local', name: 'root', scopes: ['admin'] }, peer: 'local' } as const;
  const asking = (from?: string) => askingOf(from === undefined ? {} : { asking_from: from }, local);
  const by = { origin: 'cli', actor: 'root' };
  assert.deepEqual(asking(), { ok: true, value: { ...by, peer: 'local' } });
  assert.deepEqual(asking(' ::ffff:203.0.113.7 '), { ok: true, value: { ...by, peer: '203.0.113.7' } });
  assert.equal(asking('somewhere').ok, false);
});

test('a network of one address is that address', async () => {
  const api = new ApiHarness();
  assert.equal((await post(api, 'firewall/deny-subnet', { cidr: '203.0.113.7' }))[0], 200);
  assert.equal((await post(api, 'firewall/remove-subnet', { cidr: '203.0.113.7/32' }))[0], 200);
  assert.deepEqual(
    api.appliance.asked.map((asked) => [(asked as [string])[0], (asked as [string, { ip: string }])[1].ip]),
    [
      ['block', '203.0.113.7'],
      ['unblock', '203.0.113.7'],
    ],
  );
});

for (const [refusal, status] of [
  ['protected', 400],
  ['too_broad', 400],
  ['would_cut', 409],
  ['full', 409],
  ['observing', 503],
  ['failed', 500],
] as const)
  test(`a network refused as ${refusal} is ${status}`, async () => {
    const api = new ApiHarness();
    api.appliance.blockNetworkRefusal = refusal;
    const answer = await post(api, 'firewall/deny-subnet', { cidr: '203.0.113.0/24' });
    assert.deepEqual(answer, [status, { error: `no: ${refusal}` }]);
  });

for (const body of [{ cidr: '' }, { cidr: 'x' }, { cidr: '203.0.113.0/33' }, { cidr: '203.0.113.0/24', duration: 'x' }])
  test(`deny-subnet ${JSON.stringify(body)} is 400 and asks nothing`, async () => {
    const api = new ApiHarness();
    assert.equal((await post(api, 'firewall/deny-subnet', body))[0], 400);
    assert.deepEqual(api.appliance.asked, []);
  });

test('who is unbanned is unblocked with the network around, and nothing counts against them any more', async () => {
  const api = new ApiHarness();
  api.appliance.networks = [networkDecision('192.0.2.0/24')];
  const [status, answer] = await post(api, 'firewall/unban', { ip: ' ::ffff:192.0.2.9 ' });
  const done = { success: true, ip: '192.0.2.9', subnet_removed: '192.0.2.0/24', undo_token: 'undo-1' };
  assert.deepEqual([status, answer], [200, done]);
  assert.deepEqual(api.appliance.asked, [
    ['unban', { ip: '192.0.2.9', actor: 'operator' }],
    ['forget', '192.0.2.9'],
  ]);
  assert.deepEqual(api.audits[0]?.details, { subnet_removed: '192.0.2.0/24', success: true });
});

const NO_SENDERS = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.1.1',
  '224.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  'ff02::1',
  '192.0.2.0/24',
  'x',
  '',
];

for (const ip of NO_SENDERS)
  test(`"${ip}" is no sender: unban says so with 200, cphulk-clear with 400`, async () => {
    const api = new ApiHarness();
    const [status, answer] = await post(api, 'firewall/unban', { ip });
    const { success, error_msg: error } = answer as { success: boolean; error_msg: string };
    assert.deepEqual([status, success, typeof error], [200, false, 'string']);
    assert.equal((await post(api, 'firewall/cphulk-clear', { ip }))[0], 400);
    assert.deepEqual(api.appliance.asked, []);
  });

test('what is blocked can be unbanned, whatever its address', async () => {
  const api = new ApiHarness();
  api.appliance.active = [decision('10.1.2.3')];
  const [, answer] = await post(api, 'firewall/unban', { ip: '10.1.2.3' });
  assert.equal((answer as { success: boolean }).success, true);
});

test('an unban that fails, or whose checks cannot be told, says so with 200', async () => {
  const api = new ApiHarness();
  api.appliance.judges = false;
  const warned = { success: true, ip: '192.0.2.9', undo_token: 'undo-1', warning: 'no: nothing is judged' };
  assert.deepEqual(await post(api, 'firewall/unban', { ip: '192.0.2.9' }), [200, warned]);
  api.appliance.unblockRefusal = 'failed';
  const failed = { success: false, ip: '192.0.2.9', error_msg: 'no: failed', undo_token: '' };
  assert.deepEqual(await post(api, 'firewall/unban', { ip: '192.0.2.9' }), [200, failed]);
});

test('cphulk-clear clears what is counted and lifts nothing', async () => {
  const api = new ApiHarness();
  assert.deepEqual(await post(api, 'firewall/cphulk-clear', { ip: '198.51.100.7' }), [
    200,
    { status: 'flushed', ip: '198.51.100.7' },
  ]);
  assert.deepEqual(api.appliance.asked, [['forget', '198.51.100.7']]);
  api.appliance.judges = false;
  assert.equal((await post(api, 'firewall/cphulk-clear', { ip: '198.51.100.7' }))[0], 503);
});

test('settings/reload needs no body', async () => {
  assert.equal((await post(new ApiHarness(), 'settings/reload'))[0], 200);
});
