import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../support/cli.ts';

const PATH = '/api/v1/controller-link';
const LINK = {
  enabled: true,
  state: 'up',
  enrolled: {
    tenant: 'acme',
    shard: 10,
    serial: '4K7Q-M2XW-9TC',
    url: 'https://x/',
    certificate_until: '2027-01-01T00:00:00Z',
  },
  broker: 'mqtts://mqtt.example.net:8883',
  since: '2026-01-01T00:00:00Z',
  waiting_bytes: 12,
};

test('the link is shown: where it is connected, in which fleet, and what waits', async () => {
  const { code, out } = await runCommand(['controller-link'], { answers: { [PATH]: LINK } });
  assert.equal(code, 0);
  for (const line of [
    /^link +up$/m,
    /^broker +mqtts:\/\/mqtt/m,
    /^fleet +acme$/m,
    /^shard +0a$/m,
    /^waits +12 bytes$/m,
  ]) {
    assert.match(out, line);
  }
  const { enrolled: _, ...none } = { ...LINK, enabled: false, state: 'off' };
  const off = await runCommand(['controller-link', 'status'], { answers: { [PATH]: none } });
  assert.match(off.out, /^link +off \(controller\.enabled is false\)$/m);
  assert.match(off.out, /^fleet +not enrolled/m);
});

test('enrolling gives the token and says what came of it', async () => {
  const answers = { [`${PATH}/enroll`]: { ...LINK, enabled: false } };
  const { code, out, asked } = await runCommand(['enroll', ' bze1.abc '], { answers });
  assert.equal(code, 0);
  assert.match(
    out,
    /^enrolled in acme as 4K7Q-M2XW-9TC, until 2027.*; the link is there once controller\.enabled is true$/m,
  );
  assert.deepEqual(asked[0]?.body, { token: 'bze1.abc' });
  assert.equal((await runCommand(['enroll', '-'], { answers })).code, 0, 'from standard input');
});

test('a refusal is said, and what is none of the actions too', async () => {
  const refused = await runCommand(['enroll', 'bze1.abc'], {
    answer: { status: 409, body: { error: 'this token was used' } },
  });
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /this token was used/);
  const left = await runCommand(['controller-link', 'leave'], { answers: { [`${PATH}/leave`]: { status: 'left' } } });
  assert.deepEqual([left.code, left.asked[0]?.method], [0, 'POST']);
  assert.match((await runCommand(['controller-link', 'dance'])).err, /"dance" is nothing to do with the link/);
});
