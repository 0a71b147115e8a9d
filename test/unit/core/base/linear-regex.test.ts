import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearRegex, type LinearRegex, LONGEST_PATTERN } from '../../../../core/base/linear-regex.ts';

function compiled(source: string, ignoreCase = false): LinearRegex {
  const regex = compileLinearRegex(source, { ignoreCase });
  assert.ok(regex.ok, source);
  return regex.value;
}

test('named groups come in the order of their numbers, those without a part undefined', () => {
  const regex = compiled('(?P<b>x)?(?<a>y)|(z)(?P<c>.*)');
  assert.deepEqual(regex.groups, ['b', 'a', 'c']);
  assert.deepEqual(regex.match('..y'), [undefined, 'y', undefined]);
  assert.deepEqual(regex.match('xy'), ['x', 'y', undefined]);
  assert.deepEqual(regex.match('zé😀'), [undefined, undefined, 'é😀']);
  assert.equal(regex.match('w'), undefined);
  assert.ok(regex.test('axyb') && !regex.test(''));
});

test('case is ignored on request', () => {
  assert.ok(!compiled('abc').test('ABC'));
  assert.ok(compiled('abc', true).test('ABC'));
});

for (const source of [
  '(',
  'a**',
  '(?=x)',
  '(?<!x)y',
  '\\1',
  '[z-a]',
  '(?P<a>x)(?P<a>y)',
  'a{1001}',
  '((a{90}){90}){90}',
])
  test(`${source} is refused in words`, () => {
    const regex = compileLinearRegex(source);
    assert.ok(!regex.ok && regex.code === 'bad_regex');
    assert.match(regex.public, /^[a-z]/);
  });

test('a pattern too long or an automaton too large is refused', () => {
  assert.ok(!compileLinearRegex('x'.repeat(LONGEST_PATTERN + 1)).ok);
  assert.ok(!compileLinearRegex('(x{1,50}){1,50}').ok);
});

test('patterns that make a backtracking engine explode take a moment', () => {
  const text = 'x'.repeat(20_000);
  const began = process.cpuUsage();
  for (const source of ['(x+x+)+y', '(x|xx)+$y', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*(.*)*z'])
    compiled(source).match(text);
  const { user, system } = process.cpuUsage(began);
  assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`);
});
