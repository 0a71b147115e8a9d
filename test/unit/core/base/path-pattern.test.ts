import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePathPattern } from '../../../../core/base/path-pattern.ts';

const matches = (pattern: string, path: string): boolean => {
  const parsed = parsePathPattern(pattern);
  assert.ok(parsed.ok, pattern);
  return parsed.value(path);
};

for (const [pattern, path, expected] of [
  ['/home/*/tmp/*', '/home/ann/tmp/x.php', true],
  ['/home/*/tmp/*', '/home/ann/tmp/deep/x.php', false],
  ['/home/*/tmp/*', '/home/ann/bob/tmp/x.php', false],
  ['/home/*', '/home/.hidden', true],
  ['/home/*', '/home/', true],
  ['/home/a?c', '/home/abc', true],
  ['/home/a?c', '/home/a/c', false],
  ['/home/[a-c]x', '/home/bx', true],
  ['/home/[!a-c]x', '/home/bx', false],
  ['/home/[!a-c]x', '/home/dx', true],
  ['/a\\*b', '/a*b', true],
  ['/a\\*b', '/axb', false],
  ['/literal', '/literal', true],
  ['/literal', '/literal/', false],
  ['/x*x*x*x*x*x*x*x*y', `/${'x'.repeat(2000)}`, false],
] as const)
  test(`${pattern} ${expected ? 'matches' : 'does not match'} ${path.slice(0, 40)}`, () =>
    assert.equal(matches(pattern, path), expected));

for (const pattern of ['', 'home/*', '*', '/home/[a', '/home/**', `/${'a'.repeat(1024)}`])
  test(`${JSON.stringify(pattern.slice(0, 20))} is refused`, () => assert.equal(parsePathPattern(pattern).ok, false));
