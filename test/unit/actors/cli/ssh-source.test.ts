import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameFrom } from '../../../../actors/cli/ssh-source.ts';

const CONNECTION = '203.0.113.7 50022 192.0.2.10 22';

for (const [environment, from] of [
  [{ SSH_CONNECTION: CONNECTION }, '203.0.113.7'],
  [{ SSH_CLIENT: '::ffff:203.0.113.8 50022 22' }, '203.0.113.8'],
  [{ SSH_CONNECTION: 'UNKNOWN 65535 UNKNOWN 65535' }, undefined],
  [{ SSH_CONNECTION: '$(reboot)' }, undefined],
  [{}, undefined],
] as const)
  test(`${JSON.stringify(environment)} is a shell from ${from ?? 'nowhere that is told'}`, () => {
    assert.equal(
      cameFrom(1, environment, () => undefined),
      from,
    );
  });

test('behind sudo a parent tells', () => {
  const files: Readonly<Record<string, string>> = {
    '/proc/40/environ': 'SUDO_USER=ops\0HOME=/root\0',
    '/proc/40/stat': '40 (sudo) x) S 30 40 40 0',
    '/proc/30/environ': `HOME=/home/ops\0SSH_CONNECTION=${CONNECTION}\0`,
  };
  assert.equal(
    cameFrom(40, {}, (path) => files[path]),
    '203.0.113.7',
  );
});

test('processes that name each other as parents end the search', () => {
  let reads = 0;
  const stat = () => {
    reads++;
    return '7 (x) S 7';
  };
  assert.equal(cameFrom(7, {}, stat), undefined);
  assert.ok(reads < 1000);
});
