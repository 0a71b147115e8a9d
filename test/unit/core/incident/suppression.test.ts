import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex } from '../../../../core/base/ids.ts';
import { millis } from '../../../../core/base/time.ts';
import { isKeyOf } from '../../../../core/incident/dismissal.ts';
import { type Suppression, suppressing } from '../../../../core/incident/suppression.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const rule = (id: string, check: string, pathPattern?: string): Suppression => ({
  id,
  check,
  ...(pathPattern === undefined ? {} : { pathPattern }),
  reason: '',
  at: millis(1),
  actor: 'ops',
});

const about = (message: string, details?: string) =>
  sampleFinding('203.0.113.7', millis(1), { message, ...(details === undefined ? {} : { details }) });

test('a rule without paths matches every finding of its check and of no other', () => {
  const matching = suppressing([rule('a', 'other_check'), rule('b', 'ssh_bruteforce'), rule('c', 'ssh_bruteforce')]);
  assert.equal(matching(about('x'))?.id, 'b');
  assert.equal(suppressing([rule('a', 'other_check')])(about('x')), undefined);
});

for (const [text, matches] of [
  ['webshell in /home/ann/tmp/x.php', true],
  ['webshell in "/home/ann/tmp/x.php"', true],
  ['found (/home/ann/tmp/x.php).', true],
  ['path=/home/ann/tmp/x.php, size 3', true],
  ['see https://example.net/home/ann/tmp/x.php', false],
  ['webshell in /home/ann/tmp/deep/x.php', false],
  ['no path', false],
] as const)
  test(`a rule about paths ${matches ? 'matches' : 'leaves'}: ${text}`, () => {
    const matching = suppressing([rule('a', 'ssh_bruteforce', '/home/*/tmp/*.php')]);
    assert.equal(matching(about(text)) !== undefined, matches);
    assert.equal(matching(about('x', text)) !== undefined, matches);
  });

test('a pattern that cannot be read matches nothing', () => {
  assert.equal(suppressing([rule('a', 'ssh_bruteforce', '/[')])(about('/[')), undefined);
});

test('a finding is named by its id, by check and message, and by these with the hash of its details', () => {
  const plain = about('hello: world');
  const detailed = about('hello: world', 'users: root');
  const digest = sha256Hex(new TextEncoder().encode('users: root')).slice(0, 8);
  for (const [key, finding, expected] of [
    [plain.id, plain, true],
    ['ssh_bruteforce:hello: world', plain, true],
    ['ssh_bruteforce:hello: world', detailed, true],
    [`ssh_bruteforce:hello: world:${digest}`, detailed, true],
    [`ssh_bruteforce:hello: world:${digest}`, plain, false],
    ['ssh_bruteforce:hello: world:00000000', detailed, false],
    ['ssh_bruteforce:hello', plain, false],
    ['', plain, false],
  ] as const)
    assert.equal(isKeyOf(key, finding), expected, key);
});
