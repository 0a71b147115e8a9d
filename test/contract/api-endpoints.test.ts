import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { FINDING, START } from '../support/api/fake-appliance.ts';
import { CSRF } from '../support/api/fake-identity.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';
import { StreamClient } from '../support/api/stream-client.ts';

const headers = bearer('admin-token');
const block = (api: ApiHarness, body: object, ask = {}) =>
  api.ask({ method: 'POST', target: '/api/v1/block-ip', headers, body: JSON.stringify(body), ...ask });

test('a block reaches the appliance in canonical form, with expiry, origin and actor', async () => {
  const api = new ApiHarness();
  const answer = await block(api, { ip: ' ::FFFF:c000:0207 ', duration: '1h30m' });
  assert.deepEqual(answer.json(), { status: 'blocked', ip: '192.0.2.7', undo_token: 'undo-1' });
  const expiresAt = millis(api.clock.now() + 5_400_000);
  const reason = 'Blocked by an operator';
  assert.deepEqual(api.appliance.asked, [
    ['block', { ip: '192.0.2.7', reason, expiresAt, origin: 'api', actor: 'operator', peer: '198.51.100.1' }],
  ]);
  assert.equal(api.audits[0]?.target, '192.0.2.7');
});

for (const [duration, expires] of [
  [undefined, 'never'],
  ['', 'never'],
  ['0', 'never'],
  ['7d', millis(START + 604_800_000)],
] as const)
  test(`duration ${JSON.stringify(duration)} expires ${expires}`, async () => {
    const api = new ApiHarness();
    await block(api, { ip: '192.0.2.7', ...(duration === undefined ? {} : { duration }) });
    assert.equal((api.appliance.asked[0] as [string, { expiresAt: unknown }])[1].expiresAt, expires);
  });

for (const body of [
  { ip: '' },
  { ip: '127.1' },
  { ip: '10.0.0.0/8' },
  { ip: '192.0.2.7', duration: '-1h' },
  { ip: '192.0.2.7', duration: 'soon' },
])
  test(`block-ip ${JSON.stringify(body)} is 400 and asks nothing of the appliance`, async () => {
    const api = new ApiHarness();
    assert.equal((await block(api, body)).status, 400);
    assert.deepEqual(api.appliance.asked, []);
  });

for (const [refusal, status] of [
  ['protected', 400],
  ['observing', 503],
  ['failed', 500],
] as const)
  test(`a block refused as ${refusal} is ${status} with the reason`, async () => {
    const api = new ApiHarness();
    api.appliance.blockRefusal = refusal;
    const answer = await block(api, { ip: '192.0.2.7' });
    assert.deepEqual([answer.status, answer.json()], [status, { error: `no: ${refusal}` }]);
    assert.equal(api.audits[0]?.status, status);
  });

test('origin tells console, API and command line apart', async () => {
  const api = new ApiHarness();
  await block(api, { ip: '192.0.2.7' }, { headers: { cookie: 'csm_auth=session-cookie', 'x-csrf-token': CSRF } });
  await block(api, { ip: '192.0.2.7' }, { principal: { kind: 'local', name: 'root', scopes: ['admin'] } });
  assert.deepEqual(
    api.appliance.asked.map((asked) => (asked as [string, { origin: string }])[1].origin),
    ['web_ui', 'cli'],
  );
});

for (const [refusal, status, body] of [
  ['not_blocked', 200, { status: 'unblocked', ip: '192.0.2.7', was_blocked: false, undo_token: '' }],
  ['observing', 503, { error: 'no: observing' }],
  ['failed', 500, { error: 'no: failed' }],
] as const)
  test(`an unblock refused as ${refusal} is ${status}`, async () => {
    const api = new ApiHarness();
    api.appliance.unblockRefusal = refusal;
    const answer = await api.ask({
      method: 'POST',
      target: '/api/v1/unblock-ip',
      headers,
      body: '{"ip":"::ffff:192.0.2.7"}',
    });
    assert.deepEqual([answer.status, answer.json()], [status, body]);
  });

test('empty lists are [], not null', async () => {
  const api = new ApiHarness();
  api.appliance.active = [];
  api.appliance.groups = [];
  for (const path of ['findings', 'blocked-ips'])
    assert.equal((await api.ask({ target: `/api/v1/${path}`, headers })).text, '[]\n');
});

test('login: JSON gets the CSRF token, a form is sent on to the console, both get the cookie', async () => {
  const api = new ApiHarness();
  const json = await api.ask({
    method: 'POST',
    target: '/login',
    headers: { 'content-type': 'application/json' },
    body: '{"token":"admin-token"}',
  });
  assert.deepEqual([json.status, json.json()], [200, { csrf_token: CSRF, name: 'operator' }]);
  const cookie = 'csm_auth=session-cookie; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=86400';
  assert.equal(json.headers['set-cookie'], cookie);
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const form = await api.ask({
    method: 'POST',
    target: '/login',
    headers: type,
    body: 'token=admin-token&csrf_token=x',
  });
  assert.deepEqual(
    [form.status, form.text, form.headers['location'], form.headers['set-cookie']],
    [302, '', '/', cookie],
  );
  const wrong = await api.ask({ method: 'POST', target: '/login', headers: type, body: 'token=no' });
  assert.deepEqual([wrong.status, wrong.headers['set-cookie']], [401, undefined]);
  const mistaken = await api.ask({ method: 'POST', target: '/login', headers: type, body: '{"token":"admin-token"}' });
  const advice = 'the body is JSON but its type says form: send Content-Type: application/json';
  assert.deepEqual([mistaken.status, mistaken.json()], [400, { error: advice }]);
  for (const body of ['', 'token=a&token=b', 'token=a&x=1', '__proto__=1'])
    assert.equal((await api.ask({ method: 'POST', target: '/login', headers: type, body, peer: body })).status, 400);
  assert.deepEqual(
    api.audits.map(({ action, target, status }) => [action, target, status]),
    [
      ['login', 'operator', 200],
      ['login', 'operator', 302],
      ['login', '', 401],
    ],
  );
  assert.doesNotMatch(JSON.stringify(api.audits), /admin-token/);
});

test('logout clears the cookie and ends this session', async () => {
  const api = new ApiHarness();
  const answer = await api.ask({
    method: 'POST',
    target: '/logout',
    headers: { cookie: 'csm_auth=session-cookie', 'x-csrf-token': CSRF },
  });
  assert.match(answer.headers['set-cookie'] ?? '', /^csm_auth=; .*Max-Age=0$/);
  assert.equal((api.identity.asked[0] as [string, { kind: string }])[1].kind, 'session');
  const form = await api.ask({
    method: 'POST',
    target: '/logout',
    headers: { cookie: 'csm_auth=session-cookie', 'content-type': 'application/x-www-form-urlencoded' },
    body: `csrf_token=${CSRF}`,
  });
  assert.deepEqual([form.status, form.headers['location'], form.text], [302, '/', '']);
});

test('logout beside a bearer ends the session of the cookie, and wants its CSRF token', async () => {
  const api = new ApiHarness();
  const logout = (more: Readonly<Record<string, string>>) =>
    api.ask({
      method: 'POST',
      target: '/logout',
      headers: { ...bearer('admin-token'), cookie: 'csm_auth=session-cookie', ...more },
    });
  assert.equal((await logout({})).status, 403);
  assert.equal(api.identity.asked.length, 0);
  assert.equal((await logout({ 'x-csrf-token': CSRF })).status, 200);
  assert.equal((api.identity.asked[0] as [string, { kind: string }])[1].kind, 'session');
  api.identity.revoked.add('session-cookie');
  assert.equal((await logout({})).status, 200);
});

test('wrong logins are slowed down, and a token in the request itself never is', async () => {
  const api = new ApiHarness();
  const login = (token: string) =>
    api.ask({ method: 'POST', target: '/login', body: JSON.stringify({ token }), peer: '192.0.2.66' });
  for (let i = 0; i < 5; i++) assert.equal((await login('guess')).status, 401);
  const late = await login('admin-token');
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '1']);
  assert.equal((await api.ask({ target: '/api/v1/status', headers, peer: '192.0.2.66' })).status, 200);
  api.clock.advance(1000);
  assert.equal((await login('admin-token')).status, 200);
  assert.equal((await login('guess')).status, 401);
});

for (const [refusal, status] of [
  ['wrong', 401],
  ['expired', 410],
  ['exhausted', 410],
  ['already_claimed', 409],
  ['failed', 503],
] as const)
  test(`a claim refused as ${refusal} is ${status}`, async () => {
    const api = new ApiHarness();
    api.identity.claimRefusal = refusal;
    const answer = await api.ask({ method: 'POST', target: '/api/v1/claim', body: '{"code":"CODE"}' });
    assert.deepEqual([answer.status, answer.json()], [status, { error: `no: ${refusal}` }]);
  });

test('a claim shows the token once and starts a session; wrong ones wait', async () => {
  const api = new ApiHarness();
  const ask = () => api.ask({ method: 'POST', target: '/api/v1/claim', body: '{"code":"CODE"}' });
  const answer = await ask();
  assert.deepEqual(answer.json(), { token: 'new-token', csrf_token: CSRF, name: 'operator' });
  assert.match(answer.headers['set-cookie'] ?? '', /^csm_auth=session-cookie; /);
  api.identity.claimRefusal = 'wrong';
  for (let i = 0; i < 5; i++) assert.equal((await ask()).status, 401);
  assert.deepEqual([(await ask()).status, (await ask()).headers['retry-after']], [429, '1']);
  assert.doesNotMatch(JSON.stringify(api.audits), /CODE|new-token/);
});

test('the session endpoint says who asks, and to nobody more than whether the appliance is claimed', async () => {
  const api = new ApiHarness();
  const ask = async (given: Record<string, string>) =>
    (await api.ask({ target: '/api/v1/session', headers: given })).json();
  assert.deepEqual(await ask({}), { authenticated: false, name: '', kind: 'anonymous', scopes: [], claimed: true });
  assert.deepEqual(await ask({ cookie: 'csm_auth=session-cookie' }), {
    authenticated: true,
    name: 'operator',
    kind: 'session',
    scopes: ['admin'],
    csrf_token: CSRF,
    claimed: true,
  });
  assert.deepEqual(await ask(bearer('read-token')), {
    authenticated: true,
    name: 'panel',
    kind: 'token',
    scopes: ['read'],
    claimed: true,
  });
});

test('events: every finding as one frame, until the client goes', async () => {
  const api = new ApiHarness();
  const client = new StreamClient();
  const { stream, headers: sent } = await api.ask({ target: '/api/v1/events', headers, signal: client.signal });
  assert.equal(sent['content-type'], 'text/event-stream');
  stream?.start(client);
  assert.equal(client.read().received, 'retry: 2000\n\n');
  api.appliance.emit(FINDING, 7);
  api.appliance.emit({ ...FINDING, message: 'two\nlines', subject: { kind: 'host', value: 'edge' } }, 8);
  api.clock.advance(0);
  const frames = client.read().received.split(/(?<=\n\n)/);
  const [first, second] = frames.slice(1);
  assert.match(
    first ?? '',
    /^id: e0-7\ndata: \{"severity":2,"check":"ssh_bruteforce",.*"source_ip":"192\.0\.2\.9".*\}\n\n$/,
  );
  assert.match(second ?? '', /^id: e0-8\ndata: \{[^\n]*two\\nlines[^\n]*\}\n\n$/);
  client.leave();
  assert.deepEqual([api.appliance.listeners, api.clock.pending], [0, 0]);
});

test('mode is shown to readers, set by admins', async () => {
  const api = new ApiHarness();
  const shown = await api.ask({ target: '/api/v1/mode', headers: bearer('read-token') });
  assert.deepEqual(shown.json(), { mode: 'enforce', mode_reason: '' });
  await api.ask({ method: 'POST', target: '/api/v1/mode', headers, body: '{"mode":"dry_run"}' });
  assert.deepEqual(api.appliance.asked, [['setMode', 'dry_run']]);
  const odd = await api.ask({ method: 'POST', target: '/api/v1/mode', headers, body: '{"mode":"off"}' });
  assert.deepEqual(odd.json(), { error: 'field "mode": must be one of "observe", "dry_run", "enforce"' });
});
