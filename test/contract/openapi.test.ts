import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Type } from 'typebox';
import { openApi } from '../../core/api/openapi/build.ts';
import type { OpenApi } from '../../core/api/openapi/document.ts';
import { apiPage } from '../../core/api/openapi/page.ts';
import { CSM } from '../../core/api/surface.ts';
import { DESCRIBED } from '../../core/api/tables.ts';
import { ApiHarness, bearer, ENDPOINTS } from '../support/api/harness.ts';
import { assertOpenApi } from '../support/api/openapi-rules.ts';
import { rowWith } from '../support/api/rows.ts';

const headers = bearer('read-token');
const document = openApi(DESCRIBED, '1.2.3');
const roundTrip = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test('the document is OpenAPI 3.1', () => assertOpenApi(roundTrip(document)));

test('readers get it, strangers do not', async () => {
  const api = new ApiHarness();
  const answer = await api.ask({ target: '/api/v1/openapi.json', headers });
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual(answer.json(), roundTrip(openApi(DESCRIBED, '0.1.0')));
  for (const target of ['/api/v1/openapi.json', '/docs']) assert.equal((await api.ask({ target })).status, 401);
});

const SECURITY: Readonly<Record<string, { read: unknown; write: unknown }>> = {
  none: { read: [], write: [] },
  ...Object.fromEntries(
    ['read', 'admin', 'metrics'].map((scope) => [
      scope,
      {
        read: [{ 'csm.authorization': [scope] }, { 'csm.csm_auth': [scope] }],
        write: [{ 'csm.authorization': [scope] }, { 'csm.csm_auth': [scope], 'csm.csrf': [] }],
      },
    ]),
  ),
};

for (const endpoint of ENDPOINTS)
  test(`${endpoint.method} ${endpoint.path} is described`, () => {
    const operation = document.paths[endpoint.path]?.[endpoint.method.toLowerCase()];
    assert.ok(operation);
    const kind = endpoint.method === 'GET' ? 'read' : 'write';
    assert.deepEqual(operation.security, SECURITY[endpoint.scope]?.[kind]);
    for (const code of endpoint.errors) assert.ok(String(CSM.status[code]) in operation.responses, code);
    assert.equal('401' in operation.responses, endpoint.scope !== 'none' || endpoint.errors.includes('unauthorized'));
    assert.equal(operation.requestBody === undefined, (endpoint.body ?? endpoint.upload) === undefined);
    if (endpoint.body !== undefined)
      assert.ok(operation.requestBody?.content['application/json']?.example, 'an example');
  });

test('a body is closed as its surface closes it; path parameters are told from the query', () => {
  const row = rowWith({
    method: 'POST',
    path: '/api/v1/probe/{id}',
    query: Type.Object({ id: Type.String(), limit: Type.Optional(Type.String({ description: 'How many' })) }),
    body: Type.Object({ rules: Type.Array(Type.Object({ name: Type.String() })) }),
    example: { query: { limit: '3' }, body: { rules: [] } },
  });
  const { paths, components } = openApi([{ tag: 't', description: 'd', surface: CSM, endpoints: [row] }], '1');
  assert.deepEqual(paths['/api/v1/probe/{id}']?.['post']?.parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    { name: 'limit', in: 'query', required: false, schema: { type: 'string' }, description: 'How many', example: '3' },
  ]);
  const request = JSON.stringify(components.schemas['ProbeRequest']);
  assert.equal(request.match(/"additionalProperties":false/g)?.length, 2, request);
});

test('the page shows every endpoint, and only its own style may apply', async () => {
  const answer = await new ApiHarness().ask({ target: '/docs', headers });
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  for (const { name } of ENDPOINTS) assert.ok(answer.text.includes(`<section id="${name}">`), name);
  const style = /<style>(.*)<\/style>/s.exec(answer.text)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = answer.headers['content-security-policy'] ?? '';
  assert.ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`), policy);
  assert.doesNotMatch(answer.text, /<script|<img|<link|\son\w+=|style="|src="|https?:/);
});

test('what a row says cannot break out of the page', () => {
  const row = rowWith({ summary: '<script>alert("1 & 2")</script>', path: '/a"b' });
  const page = apiPage(openApi([{ tag: 't', description: 'd', surface: CSM, endpoints: [row] }], '"><b>') as OpenApi);
  assert.doesNotMatch(page, /<script|<b>|\/a"b/);
  assert.match(page, /&lt;script&gt;alert\(&quot;1 &amp; 2&quot;\)&lt;\/script&gt;/);
});
