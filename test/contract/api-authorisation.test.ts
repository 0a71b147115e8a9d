import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../core/api/endpoint.ts';
import { CSRF } from '../support/api/fake-identity.ts';
import { ApiHarness, type Ask, bearer, ENDPOINTS, ORIGIN } from '../support/api/harness.ts';

/** What a credential is worth, told apart by what decides about it. */
interface Case {
  readonly name: string;
  readonly ask: Partial<Ask>;
  readonly scope: 'none' | 'read' | 'metrics' | 'admin';
  /** A cookie without its CSRF token: reads only. */
  readonly unproven?: true;
  readonly foreign?: true;
}

const cookie = (value: string, csrf?: string) => ({
  headers: { cookie: `theme=dark; csm_auth=${value}`, ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }) },
});

const CASES: readonly Case[] = [
  { name: 'no credential', ask: {}, scope: 'none' },
  { name: 'wrong bearer', ask: { headers: bearer('guess') }, scope: 'none' },
  { name: 'wrong scheme', ask: { headers: { authorization: 'Basic admin-token' } }, scope: 'none' },
  { name: 'empty bearer', ask: { headers: { authorization: 'Bearer ' } }, scope: 'none' },
  { name: 'prototype name as bearer', ask: { headers: bearer('__proto__') }, scope: 'none' },
  { name: 'wrong cookie', ask: cookie('guess', CSRF), scope: 'none' },
  { name: 'metrics bearer', ask: { headers: bearer('metrics-token') }, scope: 'metrics' },
  { name: 'read bearer', ask: { headers: bearer('read-token') }, scope: 'read' },
  { name: 'admin bearer', ask: { headers: bearer('admin-token') }, scope: 'admin' },
  {
    name: 'admin bearer from our page',
    ask: { headers: { ...bearer('admin-token'), origin: ORIGIN } },
    scope: 'admin',
  },
  {
    name: 'admin bearer from another page',
    ask: { headers: { ...bearer('admin-token'), origin: 'https://evil.example' } },
    scope: 'admin',
    foreign: true,
  },
  {
    name: 'session from a null origin',
    ask: { headers: { ...cookie('session-cookie', CSRF).headers, origin: 'null' } },
    scope: 'admin',
    foreign: true,
  },
  { name: 'session', ask: cookie('session-cookie', CSRF), scope: 'admin' },
  { name: 'session without CSRF', ask: cookie('session-cookie'), scope: 'admin', unproven: true },
  { name: 'session with an empty CSRF', ask: cookie('session-cookie', ''), scope: 'admin', unproven: true },
  {
    name: 'session with the CSRF of another',
    ask: cookie('session-cookie', 'csrf-of-admin-token'),
    scope: 'admin',
    unproven: true,
  },
  { name: 'raw admin token as cookie', ask: cookie('admin-token', 'csrf-of-admin-token'), scope: 'admin' },
  { name: 'raw admin token as cookie without CSRF', ask: cookie('admin-token'), scope: 'admin', unproven: true },
  { name: 'raw read token as cookie', ask: cookie('read-token', 'csrf-of-read-token'), scope: 'read' },
  {
    name: 'wrong bearer beside a session',
    ask: { headers: { ...bearer('guess'), ...cookie('session-cookie', CSRF).headers } },
    scope: 'admin',
  },
  {
    name: 'root on the local socket',
    ask: { principal: { kind: 'local', name: 'root', scopes: ['admin'] } },
    scope: 'admin',
  },
];

const READS = ['read', 'admin'];

function expected(
  { scope, method, csrf }: Endpoint<never>,
  { scope: held, unproven, foreign }: Case,
): 'served' | 401 | 403 {
  if (foreign) return 403;
  const may = scope === 'none' || held === scope || held === 'admin' || (scope === 'read' && READS.includes(held));
  if (!may) return 401;
  return unproven && method !== 'GET' && csrf !== false ? 403 : 'served';
}

for (const endpoint of ENDPOINTS)
  for (const one of CASES)
    test(`${endpoint.method} ${endpoint.path}, ${one.name}: ${expected(endpoint, one)}`, async () => {
      const api = new ApiHarness();
      const answer = await api.askEndpoint(endpoint, one.ask);
      const wanted = expected(endpoint, one);
      assert.deepEqual(api.called, wanted === 'served' ? [endpoint.name] : []);
      assert.equal(answer.status, wanted === 'served' ? 200 : wanted);
      if (wanted === 'served') return;
      assert.deepEqual(api.audits, []);
      const { error, ...rest } = answer.json() as { error: string };
      assert.deepEqual(rest, {});
      assert.equal(wanted === 401 ? error : 'Unauthorized', 'Unauthorized');
    });

test('a read bearer beside an admin cookie does not spare the CSRF token', async () => {
  const headers = { ...bearer('read-token'), ...cookie('session-cookie').headers };
  const answer = await new ApiHarness().ask({
    method: 'POST',
    target: '/api/v1/block-ip',
    headers,
    body: '{"ip":"192.0.2.7"}',
  });
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.json(), { error: 'Invalid CSRF token' });
});

test('every write declares its audit, and only the makers of sessions go without CSRF', () => {
  const writes = ENDPOINTS.filter(({ method }) => method !== 'GET');
  assert.deepEqual(
    writes.filter(({ audit }) => audit === undefined),
    [],
  );
  assert.deepEqual(
    writes
      .filter(({ csrf }) => csrf === false)
      .map(({ name }) => name)
      .sort(),
    ['claim', 'login'],
  );
});
