import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Static } from 'typebox';
import type { EnrollRefusal } from '../../core/api/controller-link.ts';
import type { LinkAnswer } from '../../core/api/own/controller-link.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const PATH = '/api/v1/controller-link';
const post = (api: ApiHarness, path: string, body: object) =>
  api.ask({ method: 'POST', target: `${PATH}/${path}`, headers, body: JSON.stringify(body) });

test('the link is shown with whom the appliance belongs to', async () => {
  const api = new ApiHarness();
  const body = (await api.ask({ target: PATH, headers })).json() as Static<typeof LinkAnswer>;
  assert.deepEqual([body.enabled, body.state, body.enrolled?.tenant, body.waiting_bytes], [true, 'up', 'acme', 12]);
  api.desks.controllerLink.isEnrolled = false;
  const without = (await api.ask({ target: PATH, headers })).json() as Static<typeof LinkAnswer>;
  assert.equal(without.enrolled, undefined);
});

test('an enrolment is audited without its token', async () => {
  const api = new ApiHarness();
  const answer = await post(api, 'enroll', { token: 'bze1.secret' });
  assert.equal(answer.status, 200);
  assert.deepEqual(api.desks.controllerLink.tokens, ['bze1.secret']);
  assert.equal(api.audits[0]?.action, 'enroll');
  assert.ok(!JSON.stringify(api.audits).includes('bze1'));
});

const STATUSES: readonly (readonly [EnrollRefusal, number])[] = [
  ['bad_token', 400],
  ['untrusted', 409],
  ['refused', 409],
  ['revoked', 409],
  ['bad_answer', 409],
  ['unreachable', 503],
  ['failed', 500],
];
for (const [refusal, status] of STATUSES)
  test(`an enrolment that is ${refusal} answers with ${status}`, async () => {
    const api = new ApiHarness();
    api.desks.controllerLink.refusal = refusal;
    assert.equal((await post(api, 'enroll', { token: 'bze1.x' })).status, status);
  });

test('leaving is a word', async () => {
  const api = new ApiHarness();
  assert.equal((await post(api, 'leave', {})).status, 200);
  assert.equal(api.desks.controllerLink.isEnrolled, false);
});
