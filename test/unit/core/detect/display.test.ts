import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayList, displayName } from '../../../../core/detect/display.ts';
import { fc } from '../../../support/random.ts';

for (const [name, shown] of [
  ['root', 'root'],
  ['a.b-c_d@e', 'a.b-c_d@e'],
  ['', '""'],
  ['root, admin', '"root, admin"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['a\nb', '"a\\u{a}b"'],
  ['\u202egnp', '"\\u{202e}gnp"'],
  ['\ud800', '"\\u{d800}"'],
  ['müller', '"müller"'],
  ['x'.repeat(33), `${'x'.repeat(32)}…`],
  ['😀'.repeat(40), `"${'😀'.repeat(32)}…"`],
] as const)
  test(`${JSON.stringify(name).slice(0, 40)} is shown as ${shown}`, () => assert.equal(displayName(name), shown));

test('whatever the name, nothing that acts on a screen is left', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 80 }), (codes) => {
      const name = String.fromCodePoint(...codes);
      assert.doesNotMatch(displayName(name), /[\p{C}\p{Zl}\p{Zp}]/u);
      assert.ok(displayName(name).length <= 32 * 10 + 3);
    }),
  );
});

test('a list shows the first and says that there are more', () => {
  assert.equal(displayList(new Set(['a', 'b', 'c']), 2), 'a, b, …');
  assert.equal(displayList(new Set(['a', 'b']), 2), 'a, b');
});
