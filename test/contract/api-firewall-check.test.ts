import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, plus } from '../../core/base/time.ts';
import { decision, networkDecision, START } from '../support/api/fake-appliance.ts';
import { ALLOW } from '../support/api/fake-desks.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');

const check = async (api: ApiHarness, query: string) =>
  (await api.ask({ target: `/api/v1/firewall/check${query}`, headers })).json() as Record<string, unknown>;

const NOTHING = { permanent: null, temporary: null, cphulk: false };
const EXPIRES = { expires_at: '2026-01-01T23:59:59.000Z', expires_in: '23h59m' };

test('an address of which nothing is known is free', async () => {
  const answer = await check(new ApiHarness(), '?ip=192.0.2.99');
  assert.deepEqual(answer, { success: true, ip: '192.0.2.99', ...NOTHING, verdict: 'free', blocks: [], lists: [] });
});

test('a block is told with its end, for a while or for good', async () => {
  const api = new ApiHarness();
  api.appliance.active = [decision('192.0.2.9'), decision('192.0.2.8', { expiresAt: 'never', reason: 'abuse' })];
  assert.deepEqual(await check(api, '?ip=::ffff:192.0.2.9'), {
    success: true,
    ip: '192.0.2.9',
    ...NOTHING,
    temporary: 'ssh_bruteforce',
    verdict: 'blocked',
    blocks: [{ subject: '192.0.2.9', reason: 'ssh_bruteforce', ...EXPIRES, enforced: true }],
    lists: [],
  });
  const { permanent, blocks } = await check(api, '?ip=192.0.2.8');
  const forGood = { expires_at: '', expires_in: 'permanent', enforced: true };
  assert.deepEqual([permanent, blocks], ['abuse', [{ subject: '192.0.2.8', reason: 'abuse', ...forGood }]]);
});

test('every network around it that is blocked is told', async () => {
  const api = new ApiHarness();
  api.appliance.networks = [networkDecision('192.0.2.0/24'), networkDecision('192.0.0.0/16')];
  const { verdict, temporary, blocks } = await check(api, '?ip=192.0.2.77');
  assert.deepEqual([verdict, temporary], ['blocked', '3 addresses of 192.0.2.0/24 are blocked']);
  assert.deepEqual(
    (blocks as { subject: string }[]).map(({ subject }) => subject),
    ['192.0.2.0/24', '192.0.0.0/16'],
  );
});

test('a block that waits for its turn is told, and blocks nothing yet', async () => {
  const api = new ApiHarness();
  const waiting = decision('192.0.2.7', { state: 'pending' });
  api.appliance.pending = [{ decision: waiting, severity: 'high', since: plus(START, hours(1)) }];
  const { verdict, temporary, waiting: told } = await check(api, '?ip=192.0.2.7');
  assert.deepEqual([verdict, temporary], ['waiting', null]);
  assert.deepEqual(told, {
    reason: 'ssh_bruteforce',
    since: '2026-01-01T01:00:00.000Z',
    expires_at: EXPIRES.expires_at,
  });
});

test('what is allowed goes in, whatever is blocked around it', async () => {
  const api = new ApiHarness();
  api.desks.allowed = [{ ...ALLOW, subject: '192.0.2.0/24' }];
  api.appliance.networks = [networkDecision('192.0.0.0/16')];
  const { verdict, temporary, allowed, blocks } = await check(api, '?ip=192.0.2.7');
  assert.deepEqual([verdict, temporary], ['allowed', null]);
  assert.deepEqual(allowed, { subject: '192.0.2.0/24', reason: 'monitoring', expires_at: '' });
  assert.equal((blocks as unknown[]).length, 1);
});

test('what the config denies is told, behind all that lets in or blocks', async () => {
  const api = new ApiHarness();
  const told = async () => {
    const { verdict, permanent, denied } = await check(api, '?ip=198.18.0.7');
    assert.deepEqual(denied, { network: '198.18.0.0/15' });
    return [verdict, permanent];
  };
  assert.deepEqual(await told(), ['denied', 'in firewall.denied_networks: 198.18.0.0/15']);
  api.appliance.pending = [{ decision: decision('198.18.0.7', { state: 'pending' }), severity: 'high', since: START }];
  assert.equal((await told())[0], 'denied');
  api.desks.lists.holds = [{ name: 'drop', kind: 'block', mode: 'enforce', id: 'drop_1' }];
  assert.deepEqual(await told(), ['blocked', 'on the list drop']);
  api.desks.lists.holds = [{ name: 'ours', kind: 'allow', mode: 'enforce', id: 'ours_1' }];
  assert.deepEqual(await told(), ['allowed', null]);
  api.desks.lists.holds = [];
  api.desks.allowed = [{ ...ALLOW, subject: '198.18.0.0/16' }];
  assert.deepEqual(await told(), ['allowed', null]);
});

test('the ports that an address is let in to are told, and let it in no further', async () => {
  const api = new ApiHarness();
  api.appliance.active = [decision('192.0.2.9')];
  const port = { protocol: 'tcp', port: 443 } as const;
  api.desks.portAllowed = [
    { ...ALLOW, subject: '192.0.2.9', port },
    { ...ALLOW, subject: '192.0.2.8', port },
  ];
  const { verdict, port_allowed } = await check(api, '?ip=192.0.2.9');
  assert.equal(verdict, 'blocked');
  assert.deepEqual(port_allowed, [{ port: 443, proto: 'tcp', reason: 'monitoring', expires_at: '' }]);
});

for (const [ip, guarded] of [
  ['127.0.0.1', { network: '127.0.0.0/8', why: 'loopback' }],
  ['192.0.2.1', { network: '192.0.2.1/32', why: 'listed in infra_ips' }],
  ['192.0.2.10', { network: '192.0.2.10/32', why: 'an address of this host' }],
] as const)
  test(`${ip} is never blocked: ${guarded.why}`, async () => {
    const answer = await check(new ApiHarness(), `?ip=${ip}`);
    assert.deepEqual([answer['verdict'], answer['guarded']], ['guarded', guarded]);
  });

for (const query of ['', '?ip=', '?ip=x'])
  test(`firewall/check${query} answers 200 and says what is wrong`, async () => {
    const { success, verdict, error_msg: error, ...rest } = await check(new ApiHarness(), query);
    assert.deepEqual([success, verdict, typeof error], [false, 'unknown', 'string']);
    assert.deepEqual(rest, { ip: query === '?ip=x' ? 'x' : '', ...NOTHING, blocks: [], lists: [] });
  });

for (const [kind, mode, verdict, permanent] of [
  ['block', 'enforce', 'blocked', 'on the list drop'],
  ['block', 'count', 'free', null],
  ['allow', 'enforce', 'allowed', null],
  ['allow', 'count', 'free', null],
] as const)
  test(`an address on a list to ${kind}, in mode ${mode}, is ${verdict}`, async () => {
    const api = new ApiHarness();
    api.desks.lists.holds = [{ name: 'drop', kind, mode, id: 'drop_1' }];
    const answer = await check(api, '?ip=192.0.2.99');
    assert.deepEqual([answer['verdict'], answer['permanent']], [verdict, permanent]);
    assert.deepEqual(answer['lists'], [{ name: 'drop', kind, mode }]);
  });
