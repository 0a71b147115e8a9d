import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import type { Access } from '../../../../core/api/access.ts';
import { refuse } from '../../../../core/api/endpoint.ts';
import { CSM } from '../../../../core/api/surface.ts';
import { bearer, harnessFor } from '../../../support/api/harness.ts';
import { rowWith } from '../../../support/api/rows.ts';
import { StreamClient } from '../../../support/api/stream-client.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const TARGET = '/api/v1/probe';
const post = (body = '{}') => ({ method: 'POST', target: TARGET, body });

test('a throw tells the client where to look in the log, and nothing else', async () => {
  const boom = () => Promise.reject(new Error('password is hunter2'));
  const api = harnessFor([rowWith({ handler: boom })]);
  const answer = await api.ask({ target: TARGET });
  const id = answer.headers['x-request-id'];
  assert.deepEqual([answer.status, answer.json()], [500, { error: `Internal error (request ${id})` }]);
  assert.equal(api.logs[0]?.[1], 'handler failed');
});

test('a handler that never answers is answered for after 30 s', async () => {
  const api = harnessFor([rowWith({ handler: () => new Promise(() => {}) })]);
  const asked = api.ask({ target: TARGET });
  await Promise.resolve();
  while (api.clock.pending === 0) await Promise.resolve();
  api.clock.advance(30_000);
  assert.equal((await asked).status, 503);
});

test('a refusal keeps its headers and hides its cause', async () => {
  const handler = async () => ({ ...refuse('conflict', 'taken', new Error('inside')), headers: { 'x-why': 'y' } });
  const api = harnessFor([rowWith({ handler })]);
  const answer = await api.ask({ target: TARGET });
  assert.deepEqual([answer.status, answer.json(), answer.headers['x-why']], [409, { error: 'taken' }, 'y']);
  assert.match(JSON.stringify(api.logs), /inside/);
});

test('fields of an invalid value are listed as the settings dialect does', async () => {
  const fields = [{ field: 'a', message: 'is odd' }];
  const api = harnessFor([rowWith({ handler: async () => ({ ...refuse('invalid', 'a is odd'), fields }) })]);
  const answer = await api.ask({ target: TARGET });
  assert.deepEqual([answer.status, answer.json()], [422, { errors: fields }]);
});

for (const [target, status, error] of [
  ['/api/v1/nothing', 404, 'Not found'],
  ['/api/', 404, 'Not found'],
  ['/', 404, 'Not found'],
  ['*', 404, 'Not found'],
  [`${TARGET}/`, 200, undefined],
  [`${TARGET}?x=1#y`, 200, undefined],
  [`https://other.example${TARGET}?x`, 200, undefined],
] as const)
  test(`GET ${target} is ${status}`, async () => {
    const answer = await harnessFor([rowWith({})]).ask({ target });
    assert.equal(answer.status, status);
    if (error !== undefined) assert.deepEqual(answer.json(), { error });
  });

test('a method the path does not know: 401 to strangers, 405 with Allow to those who may', async () => {
  const api = harnessFor([rowWith({ scope: 'read' })]);
  assert.equal((await api.ask({ method: 'DELETE', target: TARGET })).status, 401);
  const answer = await api.ask({ method: 'DELETE', target: TARGET, headers: bearer('read-token') });
  assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD, OPTIONS']);
  assert.equal((await api.ask({ method: 'get', target: TARGET, headers: bearer('read-token') })).status, 405);
});

test('OPTIONS is 204 without a credential; HEAD is GET', async () => {
  const api = harnessFor([rowWith({ scope: 'read' })]);
  const options = await api.ask({ method: 'OPTIONS', target: TARGET });
  assert.deepEqual([options.status, options.text, options.headers['allow']], [204, '', 'GET, HEAD, OPTIONS']);
  assert.equal((await api.ask({ method: 'HEAD', target: TARGET, headers: bearer('read-token') })).status, 200);
  assert.deepEqual(api.called, ['probe']);
});

test('of heavy answers two are made at a time, whoever asks; others are not held up', async () => {
  const waiting: (() => void)[] = [];
  const handler = () =>
    new Promise<{ ok: true; value: object }>((resolve) => waiting.push(() => resolve({ ok: true, value: {} })));
  const api = harnessFor([rowWith({ heavy: true, handler }), rowWith({ name: 'light', path: '/api/v1/light' })]);
  const asked = Array.from({ length: 5 }, () => api.ask({ target: TARGET }));
  assert.equal((await api.ask({ target: '/api/v1/light' })).status, 200);
  const begun: number[] = [];
  for (let done = 0; done < 5; done++) {
    await settled();
    begun.push(waiting.length + done);
    waiting.shift()?.();
  }
  await Promise.all(asked);
  assert.deepEqual(begun, [2, 3, 4, 5, 5]);
});

test('a queue of heavy requests ends somewhere, and who has left it is not served', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler = async () => {
    await promise;
    return { ok: true as const, value: {} };
  };
  const api = harnessFor([rowWith({ heavy: true, handler })]);
  const gone = new AbortController();
  const asked = Array.from({ length: 103 }, (_, i) =>
    api.ask({ target: TARGET, ...(i === 50 ? { signal: gone.signal } : {}) }),
  );
  await settled();
  gone.abort();
  resolve();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual([statuses[50], statuses[102], statuses.filter((one) => one === 200).length], [503, 503, 101]);
  assert.equal(api.called.length, 101);
});

test('every reply carries the security headers, a request id and no-store', async () => {
  const api = harnessFor([rowWith({})]);
  for (const target of [TARGET, '/api/v1/nothing', '/nothing']) {
    const { headers } = await api.ask({ target });
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(headers['strict-transport-security'] ?? '', /max-age=31536000/);
    assert.match(headers['content-security-policy'] ?? '', /default-src/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/);
  }
});

test('JSON has a two-space indent and nothing that HTML could read', async () => {
  const api = harnessFor([rowWith({ handler: async () => ({ ok: true, value: { a: ['<b>&'] } }) })]);
  const { text } = await api.ask({ target: TARGET });
  assert.equal(text, '{\n  "a": [\n    "\\u003cb\\u003e\\u0026"\n  ]\n}\n');
});

test('601st request of a minute waits, the 21st login; root on the socket never does', async () => {
  const api = harnessFor([rowWith({}), rowWith({ name: 'guess', path: '/guess', rate: 'login' })]);
  for (let i = 0; i < 600; i++) assert.equal((await api.ask({ target: TARGET })).status, 200);
  const late = await api.ask({ target: TARGET });
  assert.deepEqual(
    [late.status, late.headers['retry-after'], late.json()],
    [429, '1', { error: 'Rate limit exceeded' }],
  );
  assert.equal((await api.ask({ target: TARGET, peer: '198.51.100.2' })).status, 200);
  for (let i = 0; i < 20; i++) assert.equal((await api.ask({ target: '/guess' })).status, 200);
  assert.equal((await api.ask({ target: '/guess' })).headers['retry-after'], '3');
  const principal = { kind: 'local', name: 'root', scopes: ['admin'] } as const;
  assert.equal((await api.ask({ target: '/guess', principal })).status, 200);
});

test('the record of a write is durable before its answer; a failing or hanging log delays, it undoes nothing', async () => {
  const row = rowWith({ method: 'POST', audit: { action: 'probe', target: 'ip' }, body: Type.Object({}) });
  let kept = false;
  const audit = async () => {
    await Promise.resolve();
    kept = true;
  };
  assert.equal((await harnessFor([row], { audit }).ask(post())).status, 200);
  assert.ok(kept);

  const broken = harnessFor([row], { audit: () => Promise.reject(new Error('disk full')) });
  assert.equal((await broken.ask(post())).status, 200);
  assert.match(JSON.stringify(broken.logs), /disk full/);

  const hanging = harnessFor([row], { audit: () => new Promise(() => {}) });
  const asked = hanging.ask(post());
  while (!hanging.called.includes('probe')) await Promise.resolve();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  hanging.clock.advance(5000);
  assert.equal((await asked).status, 200);
  assert.match(JSON.stringify(hanging.logs), /not durable yet/);
});

test('the record names actor, peer, canonical target, declared fields and the status, refused or not', async () => {
  const row = rowWith({
    method: 'POST',
    scope: 'admin',
    body: Type.Object({}),
    audit: { action: 'probe', target: 'ip', details: ['reason'] },
    handler: async ({ body }) =>
      (body as { ip: string }).ip === 'bad' ? refuse('bad_request', 'no') : { ok: true, value: { ip: '192.0.2.1' } },
  });
  const api = harnessFor([row]);
  const ask = (ip: string) =>
    api.ask({ ...post(`{"ip":"${ip}","reason":"why","secret":"s"}`), headers: bearer('admin-token') });
  await ask('::ffff:192.0.2.1');
  await ask('bad');
  const same = {
    action: 'probe',
    details: { reason: 'why' },
    actor: 'operator',
    principalKind: 'token',
    peer: '198.51.100.1',
  };
  assert.deepEqual(
    api.audits.map(({ at: _, requestId: __, ...rest }) => rest),
    [
      { ...same, target: '192.0.2.1', status: 200 },
      { ...same, target: 'bad', status: 400 },
    ],
  );
});

test('streams are counted until they end, and the one too many is refused', async () => {
  const row = rowWith({ transport: 'sse', handler: async () => ({ ok: true, stream: () => {} }) });
  const api = harnessFor([row]);
  const ends = Array.from({ length: CSM.limits.streams }, () => new AbortController());
  const who = (i: number) => ({ kind: 'local', name: `client ${i % 8}`, scopes: [] }) as const;
  for (const [i, { signal }] of ends.entries())
    assert.equal((await api.ask({ target: TARGET, signal, principal: who(i) })).status, 200);
  const full = await api.ask({ target: TARGET });
  assert.deepEqual([full.status, full.stream], [503, undefined]);
  assert.equal((await api.ask({ method: 'HEAD', target: TARGET })).status, 200);
  ends[7]?.abort();
  assert.equal((await api.ask({ target: TARGET })).status, 200);
});

test('a stream that its handler refuses takes no place', async () => {
  const row = rowWith({ transport: 'sse', handler: async () => refuse('unavailable', 'not now') });
  const api = harnessFor([row]);
  for (let i = 0; i < 300; i++) assert.deepEqual((await api.ask({ target: TARGET })).json(), { error: 'not now' });
});

test('a stream whose client left before it began is never begun', async () => {
  let begun = false;
  const stream = () => {
    begun = true;
  };
  const api = harnessFor([rowWith({ transport: 'sse', handler: async () => ({ ok: true, stream }) })]);
  const client = new AbortController();
  const answer = await api.ask({ target: TARGET, signal: client.signal });
  client.abort();
  answer.stream?.start(new StreamClient());
  assert.equal(begun, false);
});

test('the outside serves what no surface owns, never what one does', async () => {
  const page = { status: 200, headers: {}, body: 'page' };
  const api = harnessFor([rowWith({})], { outside: (_, path) => (path === '/nowhere' ? undefined : page) });
  assert.equal((await api.ask({ target: '/console.js?v=1' })).text, 'page');
  assert.equal((await api.ask({ target: '/nowhere' })).status, 404);
  assert.equal((await api.ask({ target: '/api/v1/x' })).status, 404);
});

test('a table without its compiled schemas does not start', () => {
  const row = rowWith({ method: 'POST', body: Type.Object({}) });
  assert.throws(() => harnessFor([row], { validators: () => undefined }), /no compiled schema "probeBody"/);
});

test('the access log has who asked for what with which outcome, and nothing of the query', async () => {
  const seen: Access[] = [];
  const clock = new SimulatedClock();
  const slow = async () => {
    clock.advance(7);
    return { ok: true as const, value: {} };
  };
  const api = harnessFor([rowWith({ handler: slow })], { clock, access: (access) => seen.push(access) });
  const answer = await api.ask({ target: `${TARGET}?token=secret`, headers: bearer('read-token') });
  await api.ask({ method: 'DELETE', target: `/${'x'.repeat(300)}`, peer: '2001:db8::1' });
  const [one, other] = seen;
  const { requestId, ...rest } = one ?? assert.fail();
  assert.equal(requestId, answer.headers['x-request-id']);
  assert.deepEqual(rest, { method: 'GET', path: TARGET, status: 200, peer: '198.51.100.1', actor: 'panel', took: 7 });
  assert.deepEqual([other?.status, other?.actor, other?.peer, other?.path.length], [404, '', '2001:db8::1', 256]);
});
