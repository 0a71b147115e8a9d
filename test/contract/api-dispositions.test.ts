import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');

async function ask(api: ApiHarness, method: string, path: string, body: object) {
  const answer = await api.ask({ method, target: `/api/v1/${path}`, headers, body: JSON.stringify(body) });
  return [answer.status, answer.json()];
}

test('a suppression is added with what was given', async () => {
  const api = new ApiHarness();
  const body = { check: 'ssh_bruteforce', path_pattern: '/a/*', reason: 'ours' };
  assert.deepEqual(await ask(api, 'POST', 'suppressions', body), [200, { status: 'created', id: '0a1b2c3d4e5f6071' }]);
  assert.deepEqual(await ask(api, 'POST', 'suppressions', { check: 'x', path_pattern: '' }), [
    200,
    { status: 'created', id: '0a1b2c3d4e5f6071' },
  ]);
  assert.deepEqual(api.appliance.asked, [
    ['suppress', { check: 'ssh_bruteforce', pathPattern: '/a/*', reason: 'ours', actor: 'operator' }],
    ['suppress', { check: 'x', reason: '', actor: 'operator' }],
  ]);
  const [record] = api.audits;
  assert.deepEqual(
    [record?.action, record?.target, record?.details],
    ['change_suppressions', '0a1b2c3d4e5f6071', { check: 'ssh_bruteforce', path_pattern: '/a/*', reason: 'ours' }],
  );
});

test('it is deleted by either form', async () => {
  const api = new ApiHarness();
  assert.deepEqual(await ask(api, 'POST', 'suppressions', { id: 'ab' }), [200, { status: 'deleted', id: 'ab' }]);
  assert.deepEqual(await ask(api, 'DELETE', 'suppressions', { id: 'cd' }), [200, { status: 'deleted' }]);
  assert.deepEqual(api.appliance.asked, [
    ['unsuppress', 'ab'],
    ['unsuppress', 'cd'],
  ]);
  const both = await ask(api, 'POST', 'suppressions', { id: 'ab', check: 'x' });
  assert.deepEqual(both, [400, { error: 'give either check, to add, or id alone, to delete' }]);
});

for (const [refusal, status] of [
  ['bad_pattern', 400],
  ['full', 409],
  ['failed', 500],
] as const)
  test(`a suppression refused as ${refusal} is ${status}`, async () => {
    const api = new ApiHarness();
    api.desks.suppressRefusal = refusal;
    const answer = await ask(api, 'POST', 'suppressions', { check: 'x' });
    assert.deepEqual(answer, [status, { error: `no: ${refusal}` }]);
  });

test('a dismissal names what was dismissed and who did', async () => {
  const api = new ApiHarness();
  assert.deepEqual(await ask(api, 'POST', 'dismiss', { key: 'a:b' }), [200, { status: 'dismissed', key: 'a:b' }]);
  assert.deepEqual(api.appliance.asked, [['dismiss', 'a:b', 'operator']]);
  assert.equal(api.audits[0]?.target, 'a:b');
});

test('a disk that refuses is 500 for each of them', async () => {
  const api = new ApiHarness();
  api.desks.diskFails = true;
  for (const [method, path, body] of [
    ['POST', 'dismiss', { key: 'a:b' }],
    ['POST', 'suppressions', { id: 'ab' }],
    ['DELETE', 'suppressions', { id: 'ab' }],
  ] as const)
    assert.deepEqual(await ask(api, method, path, body), [500, { error: 'no: disk' }]);
});
