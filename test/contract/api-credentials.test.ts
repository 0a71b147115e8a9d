import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, plus } from '../../core/base/time.ts';
import { CSRF, TOKEN_ENTRY } from '../support/api/fake-identity.ts';
import { ApiHarness, type Ask, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const create = (api: ApiHarness, body: object, ask: Partial<Ask> = {}) =>
  api.ask({ method: 'POST', target: '/api/v1/tokens', headers, body: JSON.stringify(body), ...ask });
const remove = (api: ApiHarness, target: string, ask: Partial<Ask> = {}) =>
  api.ask({ method: 'DELETE', target, headers, ...ask });

test('tokens are listed without their secrets', async () => {
  const api = new ApiHarness();
  const rows = (await api.ask({ target: '/api/v1/tokens', headers })).json();
  assert.deepEqual((rows as unknown[])[1], {
    id: 'id-of-operator',
    name: 'operator',
    scopes: ['admin'],
    source: 'api',
    state: 'active',
    created_at: '2026-01-01T00:00:00.000Z',
    expires_at: '',
    last_used: '2026-01-01',
  });
});

test('a made token is shown once and audited without its secret', async () => {
  const api = new ApiHarness();
  const expiresAt = plus(api.clock.now(), days(90));
  const answer = await create(api, { name: 'panel', scopes: ['read', 'metrics', 'read'], expires_in: '90d' });
  assert.deepEqual(api.identity.asked, [['createToken', { name: 'panel', scopes: ['read', 'metrics'], expiresAt }]]);
  const { token, id, scopes } = answer.json() as Record<string, unknown>;
  assert.deepEqual([token, id, scopes], ['new-token', TOKEN_ENTRY.id, ['read', 'metrics']]);
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { action, target, details } = api.audits[0] ?? assert.fail();
  assert.deepEqual(
    [action, target, details],
    ['create_token', TOKEN_ENTRY.id, { name: 'panel', scopes: 'read metrics read', expires_in: '90d' }],
  );
  assert.doesNotMatch(JSON.stringify(api.audits), /new-token/);
});

for (const { body, says } of [
  { body: { name: 'a' }, says: 'give either "scope" or "scopes"' },
  { body: { name: 'a', scope: 'read', scopes: ['admin'] }, says: 'give either "scope" or "scopes"' },
  { body: { name: 'a', scope: 'root' }, says: 'field "scope": must be one of "admin", "read", "metrics"' },
  { body: { name: 'a', scopes: [] }, says: 'field "scopes": must not be empty' },
  { body: { name: 'a b', scope: 'read' }, says: /^field "name": must / },
  { body: { name: '', scope: 'read' }, says: /^field "name": must / },
  { body: { name: 'a', scope: 'read', expires_in: 'soon' }, says: /not a duration/ },
  { body: { name: 'a', scope: 'read', expires_in: '-1h' }, says: /not a duration/ },
])
  test(`a token ${JSON.stringify(body)} is 400 and made nowhere`, async () => {
    const api = new ApiHarness();
    const answer = await create(api, body);
    const { error } = answer.json() as { error: string };
    assert.equal(answer.status, 400);
    if (typeof says === 'string') assert.equal(error, says);
    else assert.match(error, says);
    assert.deepEqual(api.identity.asked, []);
  });

for (const [refusal, status] of [
  ['taken', 409],
  ['full', 409],
  ['failed', 503],
] as const)
  test(`a token refused as ${refusal} is ${status} with the reason`, async () => {
    const api = new ApiHarness();
    api.identity.tokenRefusal = refusal;
    const answer = await create(api, { name: 'a', scope: 'read' });
    assert.deepEqual([answer.status, answer.json()], [status, { error: `no: ${refusal}` }]);
  });

for (const [refusal, status] of [
  ['unknown', 404],
  ['configured', 409],
  ['last_admin', 409],
  ['failed', 503],
] as const)
  test(`a revocation refused as ${refusal} is ${status} with the reason, and audited by id`, async () => {
    const api = new ApiHarness();
    api.identity.revokeRefusal = refusal;
    const answer = await remove(api, '/api/v1/tokens/abc');
    assert.deepEqual([answer.status, answer.json()], [status, { error: `no: ${refusal}` }]);
    const { action, target, status: audited } = api.audits[0] ?? assert.fail();
    assert.deepEqual([action, target, audited], ['revoke_token', 'abc', status]);
  });

test('a revocation is answered and audited with the name', async () => {
  const api = new ApiHarness();
  const answer = await remove(api, '/api/v1/tokens/abc');
  assert.deepEqual(answer.json(), { status: 'revoked', id: 'abc', name: 'operator' });
  assert.deepEqual(api.audits[0]?.details, { name: 'operator' });
});

test('an admin sees all sessions, others those of their token; the asking one is marked', async () => {
  const api = new ApiHarness();
  const ask = async (given: Ask['headers'] & object) => {
    const rows = (await api.ask({ target: '/api/v1/sessions', headers: given })).json();
    return (rows as { id: string; current: boolean }[]).map(({ id, current }) => [id, current]);
  };
  assert.deepEqual(await ask({ cookie: 'csm_auth=session-cookie' }), [
    ['id-of-session', true],
    ['id-of-another', false],
  ]);
  assert.deepEqual(await ask(bearer('read-token')), [['id-of-another', false]]);
});

test('a session is ended by its own kind or an admin, and takes the cookie along when it is the asking one', async () => {
  const api = new ApiHarness();
  const cookie = { cookie: 'csm_auth=session-cookie', 'x-csrf-token': CSRF };
  const own = await remove(api, '/api/v1/sessions/id-of-session', { headers: cookie });
  assert.deepEqual(own.json(), { status: 'ended', id: 'id-of-session', name: 'operator' });
  assert.match(own.headers['set-cookie'] ?? '', /^csm_auth=; .*Max-Age=0$/);
  const other = await remove(api, '/api/v1/sessions/id-of-another', { headers: cookie });
  assert.deepEqual([other.status, other.headers['set-cookie']], [200, undefined]);
  const reader = { headers: bearer('read-token') };
  assert.equal((await remove(api, '/api/v1/sessions/id-of-another', reader)).status, 200);
  assert.equal((await remove(api, '/api/v1/sessions/id-of-session', reader)).status, 404);
  assert.equal((await remove(api, '/api/v1/sessions/nothing')).status, 404);
  assert.deepEqual(
    api.identity.asked.map((asked) => (asked as string[])[1]),
    ['id-of-session', 'id-of-another', 'id-of-another'],
  );
  api.identity.endRefusal = 'failed';
  assert.equal((await remove(api, '/api/v1/sessions/id-of-another')).status, 503);
});
