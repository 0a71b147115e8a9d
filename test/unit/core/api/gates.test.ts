import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { refuse } from '../../../../core/api/endpoint.ts';
import { parseCidr } from '../../../../core/base/ip.ts';
import { CSRF } from '../../../support/api/fake-identity.ts';
import { harnessFor } from '../../../support/api/harness.ts';
import { rowWith } from '../../../support/api/rows.ts';

const TARGET = '/api/v1/probe';
const post = (body = '{}') => ({ method: 'POST', target: TARGET, body });

test('wrong secrets are slowed down by peer, whichever endpoint takes them; right ones and other refusals are not', async () => {
  const wrong = async () => refuse('unauthorized', 'wrong');
  const api = harnessFor([
    rowWith({ name: 'one', path: '/one', rate: 'login', handler: wrong }),
    rowWith({ name: 'two', path: '/two', rate: 'login', handler: wrong }),
    rowWith({ name: 'right', path: '/right', rate: 'login' }),
    rowWith({ name: 'gone', path: '/gone', rate: 'login', handler: async () => refuse('gone', 'gone') }),
  ]);
  const status = async (target: string, peer = '2001:db8::1') => (await api.ask({ target, peer })).status;
  for (const target of ['/one', '/two', '/one', '/gone', '/two', '/one']) {
    assert.equal(await status(target), target === '/gone' ? 410 : 401);
  }
  const { status: code, headers, json } = await api.ask({ target: '/right', peer: '2001:db8::2' });
  assert.deepEqual(
    [code, headers['retry-after'], json()],
    [429, '1', { error: 'Too many wrong tries; the next is looked at in 1 s' }],
  );
  assert.equal(await status('/one', '2001:db8:0:1::1'), 401);
  api.clock.advance(1000);
  assert.equal(await status('/right'), 200);
  assert.equal(await status('/one'), 401);
  const local = { kind: 'local', name: 'root', scopes: ['admin'] } as const;
  for (let i = 0; i < 9; i++) assert.equal((await api.ask({ target: '/one', principal: local })).status, 401);
});

test('a try counts only when its body was fit to be judged', async () => {
  const row = rowWith({ method: 'POST', rate: 'login', body: Type.Object({}) });
  const api = harnessFor([row]);
  for (let i = 0; i < 12; i++) assert.equal((await api.ask(post('{'))).status, 400);
  assert.equal((await api.ask(post('{}'))).status, 200);
});

test('behind a trusted proxy limits, records and handlers see the client, elsewhere the connection', async () => {
  const seen: string[] = [];
  const row = rowWith({
    method: 'POST',
    rate: 'login',
    audit: { action: 'probe' },
    handler: async ({ context }) => {
      seen.push(context.peer);
      return { ok: true, value: {} };
    },
  });
  const net = parseCidr('10.0.0.0/8');
  assert.ok(net.ok);
  const api = harnessFor([row], { trustedProxies: [net.value] });
  const ask = (peer: string, given: string) =>
    api.ask({ method: 'POST', target: TARGET, peer, headers: { 'x-forwarded-for': given, forwarded: 'for=1.1.1.1' } });
  for (let i = 0; i < 20; i++) assert.equal((await ask('10.0.0.1', '1.1.1.1, 203.0.113.9')).status, 200);
  assert.equal((await ask('10.0.0.1', '203.0.113.9')).status, 429);
  assert.equal((await ask('10.0.0.1', '203.0.113.10')).status, 200);
  assert.equal((await ask('198.51.100.1', '203.0.113.9')).status, 200);
  assert.deepEqual(seen.slice(-3), ['203.0.113.9', '203.0.113.10', '198.51.100.1']);
  assert.deepEqual(
    api.audits.slice(-2).map(({ peer }) => peer),
    ['203.0.113.10', '198.51.100.1'],
  );
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const COOKIE = { cookie: 'csm_auth=session-cookie' };

for (const { what, body, headers = {}, status } of [
  { what: 'in the field', body: `csrf_token=${CSRF}`, status: 200 },
  { what: 'in the field among others', body: `a=1&csrf_token=${CSRF}&b=2`, status: 200 },
  { what: 'in the header', body: 'a=1', headers: { 'x-csrf-token': CSRF }, status: 200 },
  {
    what: 'wrong in the header, right in the field',
    body: `csrf_token=${CSRF}`,
    headers: { 'x-csrf-token': 'x' },
    status: 403,
  },
  { what: 'wrong', body: 'csrf_token=guess', status: 403 },
  { what: 'twice', body: `csrf_token=${CSRF}&csrf_token=${CSRF}`, status: 403 },
  { what: 'empty', body: 'csrf_token=', status: 403 },
  { what: 'missing', body: '', status: 403 },
  {
    what: 'in the field of a body that is no form',
    body: `csrf_token=${CSRF}`,
    headers: { 'content-type': 'text/plain' },
    status: 403,
  },
  { what: 'behind 64 KiB', body: `a=${'x'.repeat(65_536)}&csrf_token=${CSRF}`, status: 413 },
])
  test(`a form by cookie with its CSRF token ${what} is ${status}`, async () => {
    const row = rowWith({ method: 'POST', scope: 'admin', form: true, body: Type.Object({}) });
    const given: unknown[] = [];
    const handler = async ({ body: value }: { readonly body: unknown }) => {
      given.push(value);
      return { ok: true as const, value: {} };
    };
    const api = harnessFor([{ ...row, handler }]);
    const answer = await api.ask({ method: 'POST', target: TARGET, headers: { ...FORM, ...COOKIE, ...headers }, body });
    assert.equal(answer.status, status);
    const fields = Object.fromEntries(new URLSearchParams(body));
    delete fields['csrf_token'];
    assert.deepEqual(given, status === 200 ? [fields] : []);
  });

test('the field counts only where a form is taken', async () => {
  const api = harnessFor([rowWith({ method: 'POST', scope: 'admin' })]);
  const body = `csrf_token=${CSRF}`;
  assert.equal((await api.ask({ method: 'POST', target: TARGET, headers: { ...FORM, ...COOKIE }, body })).status, 403);
});
