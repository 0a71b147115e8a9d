import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttachPath } from '../../../../core/api/attach.ts';
import { CSM } from '../../../../core/api/surface.ts';
import { bearer, harnessFor } from '../../../support/api/harness.ts';
import { rowWith } from '../../../support/api/rows.ts';

const POINT: AttachPath = { path: '/live', surface: CSM, scope: 'read', takesRequests: true };
const OWN = { origin: 'https://edge.example.net:9443' };
const FOREIGN = { origin: 'https://evil.example' };
const COOKIE = { cookie: 'csm_auth=session-cookie' };
const READER = bearer('read-token');

const harness = (point: Partial<AttachPath> = {}) => harnessFor([rowWith({})], { attach: [{ ...POINT, ...point }] });

for (const [who, headers, upgrade, get, post] of [
  ['nobody', {}, 401, 401, 401],
  ['a wrong bearer', bearer('guess'), 401, 401, 401],
  ['a bearer of another scope', bearer('metrics-token'), 401, 401, 401],
  ['a bearer', READER, 101, 200, 200],
  ['a bearer from our own page', { ...READER, ...OWN }, 101, 200, 200],
  ['a bearer from another page', { ...READER, ...FOREIGN }, 403, 403, 403],
  ['a cookie from our own page', { ...COOKIE, ...OWN }, 101, 200, 200],
  ['a cookie from another page', { ...COOKIE, ...FOREIGN }, 403, 403, 403],
  ['a cookie from who knows where', COOKIE, 403, 200, 403],
] as const)
  test(`${who}: upgrade ${upgrade}, GET ${get}, POST ${post}`, async () => {
    const api = harness();
    const target = '/live/room?x=1';
    const answers = [
      await api.ask({ target, headers, isUpgrade: true }),
      await api.ask({ target, headers }),
      await api.ask({ target, headers, method: 'POST' }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [upgrade, get, post],
    );
    for (const { status, handover } of answers) assert.equal(handover === undefined, status >= 400);
  });

test('plain requests are handed over only where they are wanted, and no others but GET and POST', async () => {
  const ask = { target: '/live', headers: READER };
  assert.equal((await harness({ takesRequests: false }).ask(ask)).status, 404);
  const refused = await harness().ask({ ...ask, method: 'DELETE' });
  assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET, POST']);
  const upgrade = await harness().ask({ ...ask, method: 'POST', isUpgrade: true });
  assert.deepEqual([upgrade.status, upgrade.headers['allow']], [405, 'GET']);
  assert.equal((await harness().ask({ ...ask, target: '/lively' })).status, 404);
});

test('upgrades and requests draw from one bucket', async () => {
  const api = harness();
  const headers = READER;
  for (let i = 0; i < 300; i++) {
    assert.equal((await api.ask({ target: '/live', headers, isUpgrade: true })).status, 101);
    assert.equal((await api.ask({ target: '/api/v1/probe', headers })).status, 200);
  }
  const late = await api.ask({ target: '/live', headers, isUpgrade: true });
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '1']);
  assert.equal((await api.ask({ target: '/api/v1/probe', headers })).status, 429);
});

test('who has it is watched, until it is let go', async () => {
  const api = harness();
  const { handover } = await api.ask({ target: '/live', headers: READER, isUpgrade: true });
  let ended = 0;
  const leave = handover?.watch(() => ended++);
  api.identity.end('operator');
  assert.equal(ended, 0);
  api.identity.end('panel');
  leave?.();
  assert.deepEqual([ended, api.identity.watched], [1, 0]);
});

test('the access log has it with the status it was answered with in the end', async () => {
  const seen: (readonly [number, string])[] = [];
  const access = ({ status, actor }: { readonly status: number; readonly actor: string }) => seen.push([status, actor]);
  const api = harnessFor([rowWith({})], { attach: [POINT], access });
  const { handover } = await api.ask({ target: '/live', headers: READER });
  assert.deepEqual(seen, []);
  handover?.answered(400);
  assert.deepEqual(seen, [[400, 'panel']]);
});
