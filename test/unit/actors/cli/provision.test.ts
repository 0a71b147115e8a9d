import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../../../../core/base/result.ts';
import { invalid } from '../../../../core/config/problem.ts';
import type { Serial } from '../../../../core/field/serial.ts';
import { runCommand } from '../../../support/cli.ts';

const TAKEN = ok({
  sha256: 'ab',
  at: '2026-01-02T03:04:05Z',
  origin: 'volume BZCONF',
  config: '/s/bartizan.yaml',
  device: { serial: '4K7Q-M2XW-9TS' as Serial, keyFingerprint: 'SHA256:z' },
  authority: 'AB:CD',
});

test('what was taken is told, to people and to scripts', async () => {
  const argv = ['provision', '/f', '--state', '/s', '--origin', 'volume BZCONF'];
  const told = await runCommand(argv, { provision: TAKEN });
  assert.equal(told.code, 0);
  assert.deepEqual(told.provisioned, [{ file: '/f', state: '/s', origin: 'volume BZCONF', isMarkedLater: false }]);
  assert.match(told.out, /config +\/s\/bartizan\.yaml\nsha256 +ab\nserial +4K7Q-M2XW-9TS\nkey +SHA256:z\nCA +AB:CD\n/);
  const json = await runCommand([...argv, '--json'], { provision: TAKEN });
  assert.deepEqual(JSON.parse(json.out), {
    result: 'taken',
    config: '/s/bartizan.yaml',
    sha256: 'ab',
    at: '2026-01-02T03:04:05Z',
    origin: 'volume BZCONF',
    serial: '4K7Q-M2XW-9TS',
    key_fingerprint: 'SHA256:z',
    ca_fingerprint: 'AB:CD',
  });
});

const problem = { file: 'f', line: 3, column: 5, key: 'firewal', message: 'unknown key' };
for (const { provision, code } of [
  { provision: fail('claimed', 'no'), code: 4 },
  { provision: fail('provisioned', 'no'), code: 4 },
  { provision: fail('used', 'no'), code: 4 },
  { provision: invalid([problem]), code: 5 },
  { provision: fail('unreadable', 'no'), code: 1 },
  { provision: fail('failed', 'no'), code: 1 },
] as const)
  test(`a refusal as ${provision.code} exits with ${code}, in JSON too`, async () => {
    const told = await runCommand(['provision', '/f'], { provision });
    assert.deepEqual([told.code, told.out], [code, '']);
    assert.equal(told.err, provision.code === 'invalid' ? 'f:3:5: firewal: unknown key\n' : 'bartizan: no\n');
    const json = await runCommand(['provision', '/f', '--json'], { provision });
    assert.equal(json.code, code);
    const { result, code: why, problems } = JSON.parse(json.out);
    assert.deepEqual([result, why], ['refused', provision.code]);
    if (provision.code === 'invalid')
      assert.deepEqual(problems, [{ line: 3, column: 5, key: 'firewal', message: 'unknown key' }]);
  });
