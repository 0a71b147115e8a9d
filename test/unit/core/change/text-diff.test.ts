import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textDiff } from '../../../../core/change/text-diff.ts';
import { fc } from '../../../support/random.ts';

const diff = (before: string, after: string, most = 10_000) => textDiff(before, after, most);

test('a line that comes and one that goes, with three lines around them', () => {
  assert.deepEqual(diff('a\nb\nc\nd\ne\nf\ng\nh\ni', 'a\nb\nc\nd\nX\nf\ng\nh\ni'), [
    '...',
    ' b',
    ' c',
    ' d',
    '-e',
    '+X',
    ' f',
    ' g',
    ' h',
    '...',
  ]);
  assert.deepEqual(diff('a', 'a'), []);
});

test('what a difference says leads from one text to the other', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd', '}', '{'), { maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      // With so few lines the context is not always all of them: they are put between lines that are the same.
      const [was, willBe] = [before, after].map((one) => one.split('\n').flatMap((line) => [line]));
      const told = diff(before, after).filter((line) => line !== '...');
      const kept = (kind: string) => told.filter((line) => line[0] !== kind).map((line) => line.slice(1));
      if (told.length === 0) return;
      assert.ok(isWithin(kept('+'), was ?? []), told.join('|'));
      assert.ok(isWithin(kept('-'), willBe ?? []), told.join('|'));
      const count = (kind: string) => told.filter((line) => line[0] === kind).length;
      assert.equal((was?.length ?? 0) - count('-'), (willBe?.length ?? 0) - count('+'));
    }),
  );
});

/** Whether the lines occur in this order. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const line of all) if (line === some[at]) at++;
  return at === some.length;
}

test('one network more among ten thousand is one line, beside names that differ', () => {
  const list = Array.from({ length: 10_000 }, (_, i) => `      10.${i >> 8}.${i & 255}.0/24,`);
  const text = (name: string, lines: readonly string[]) =>
    [`set ${name} {`, ...lines, '}', `ip saddr @${name} drop`, 'end'].join('\n');
  const more = [...list.slice(0, 5000), '      192.0.2.0/24,', ...list.slice(5000)];
  const changed = diff(text('denied4_a', list), text('denied4_b', more)).filter((line) => /^[-+]/.test(line));
  assert.deepEqual(changed, [
    '-set denied4_a {',
    '+set denied4_b {',
    '+      192.0.2.0/24,',
    '-ip saddr @denied4_a drop',
    '+ip saddr @denied4_b drop',
  ]);
});

test('a long difference says how much of it is left out', () => {
  const lines = Array.from({ length: 50 }, (_, i) => String(i)).join('\n');
  assert.deepEqual(diff('', lines, 3).at(-1), '... and 48 lines more');
});
