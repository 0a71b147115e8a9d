import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredDesk } from '../../../../actors/daemon/desired-desk.ts';
import { parseConfig } from '../../../../core/config/read.ts';

test('what is wrong with a desired field stands behind its path, apart from it', () => {
  const read = parseConfig('', 'b.yaml', { hostname: 'h', stateDir: '/s', parsers: ['sshd'] });
  assert.ok(read.ok);
  const config = read.value.config;
  const desk = desiredDesk({ desire: () => assert.fail('nothing is tried') }, () => config);
  const sections = [{ name: 'log', values: { levle: 'debug' } }];
  const judged = desk.read({ sections, rules: [], trial: 60_000 } as unknown as Parameters<typeof desk.read>[0]);
  assert.equal(judged.ok ? '' : judged.public, 'log.levle: unknown field; did you mean "level"?');
});
