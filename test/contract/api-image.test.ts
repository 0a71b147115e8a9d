import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Static } from 'typebox';
import type { InstallRefusal } from '../../core/api/image.ts';
import type { ImageAnswer } from '../../core/api/own/image.ts';
import { SERIAL } from '../support/api/fake-images.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const post = (api: ApiHarness, path: string, body: object) =>
  api.ask({ method: 'POST', target: `/api/v1/image/${path}`, headers, body: JSON.stringify(body) });

test('the image shows slots, health, update, failed versions and sticks', async () => {
  const answer = await new ApiHarness().ask({ target: '/api/v1/image', headers });
  const body = answer.json() as Static<typeof ImageAnswer>;
  assert.deepEqual([body.appliance, body.lab, body.slot], [true, true, 'A']);
  assert.deepEqual(body.boot_loader, { order: ['B', 'A'], tries_used: { A: 0, B: 2 }, bootable: ['A', 'B'] });
  assert.deepEqual(body.slots[1], { name: 'B', state: 'good', version: '1.1.0', booted: false, first: true });
  assert.deepEqual([body.health?.verdict, body.health?.bad], ['bad', ['store']]);
  assert.deepEqual([body.health?.readings_needed, body.health?.steady_seconds_needed], [5, 60]);
  assert.deepEqual([body.update?.phase, body.update?.version], ['installed', '1.1.0']);
  assert.equal(body.failed_versions.length, 1);
  assert.deepEqual(body.media, [{ source: '/run/bartizan-usb/sda1/x.raucb', bytes: 131_000_000 }]);
});

test('an installation is begun with what was allowed, in the name of who asked, and audited', async () => {
  const api = new ApiHarness();
  const answer = await post(api, 'install', { source: 'sda1/x.raucb', allow_older: true });
  assert.equal(answer.status, 202);
  assert.deepEqual(api.desks.images.orders, [
    { source: 'sda1/x.raucb', allow: { older: true, failed: false }, actor: 'operator' },
  ]);
  assert.deepEqual([api.audits[0]?.action, api.audits[0]?.target], ['install_image', 'sda1/x.raucb']);
});

for (const refusal of [undefined, 'bad_source'] as const)
  test(`no secret of a URL is audited where it is ${refusal ?? 'taken'}`, async () => {
    const api = new ApiHarness();
    api.desks.images.refusal = refusal;
    await post(api, 'install', { source: 'https://me:s3cret@h.example/x.raucb?token=s3cret' });
    assert.equal(api.audits[0]?.target, 'https://h.example/x.raucb?token=***');
  });

const STATUSES: readonly (readonly [InstallRefusal, number])[] = [
  ['bad_source', 400],
  ['foreign', 409],
  ['damaged', 409],
  ['incompatible', 409],
  ['older', 409],
  ['failed_before', 409],
  ['unconfirmed', 409],
  ['busy', 409],
  ['no_space', 507],
  ['unreachable', 503],
  ['crashed', 503],
  ['unavailable', 503],
  ['failed', 500],
];
for (const [refusal, status] of STATUSES)
  test(`an installation refused as ${refusal} is ${status} with the reason`, async () => {
    const api = new ApiHarness();
    api.desks.images.refusal = refusal;
    const answer = await post(api, 'install', { source: 'sda1/x.raucb' });
    assert.deepEqual([answer.status, answer.json()], [status, { error: `refused: ${refusal}` }]);
  });

test('a factory reset wants the serial', async () => {
  const api = new ApiHarness();
  assert.equal((await post(api, 'factory-reset', { confirm: 'yes' })).status, 400);
  assert.deepEqual(api.desks.images.asked, []);
  assert.equal((await post(api, 'factory-reset', { confirm: SERIAL })).status, 200);
  assert.equal((await post(api, 'reboot', {})).status, 200);
  assert.deepEqual(api.desks.images.asked, ['factory-reset', 'reboot']);
});

test('where there is no appliance image, all of it says so', async () => {
  const api = new ApiHarness();
  api.desks.images.isAppliance = false;
  const answer = await api.ask({ target: '/api/v1/image', headers });
  assert.deepEqual(answer.json(), {
    appliance: false,
    message: 'not an appliance image',
    slots: [],
    failed_versions: [],
    media: [],
  });
  for (const [path, body] of [
    ['install', { source: 'sda1/x.raucb' }],
    ['reboot', {}],
    ['factory-reset', { confirm: SERIAL }],
  ] as const) {
    const refused = await post(api, path, body);
    assert.deepEqual([refused.status, refused.json()], [409, { error: 'not an appliance image' }]);
  }
});
