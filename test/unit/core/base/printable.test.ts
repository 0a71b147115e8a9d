import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../../core/base/nearest.ts';
import { printable, printableJson, shortened } from '../../../../core/base/printable.ts';
import { fc } from '../../../support/random.ts';

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anyText = fc.string({ unit: 'binary' });

for (const { text, gives } of [
  { text: 'root', gives: 'root' },
  { text: 'Žofie 山', gives: 'Žofie 山' },
  { text: '\u001b[2J\u001b]0;owned\u0007', gives: '\\x1b[2J\\x1b]0;owned\\x07' },
  { text: 'a\r\nb\tc', gives: 'a\\x0d\\x0ab\\x09c' },
  { text: '\u009b31m', gives: '\\x9b31m' },
  { text: 'user\u202egnp.exe', gives: 'user\\u202egnp.exe' },
  { text: 'ad\u200bmin', gives: 'ad\\u200bmin' },
  { text: '\ud800x', gives: '\\ud800x' },
  { text: '\u{e0041}', gives: '\\udb40\\udc41' },
]) {
  test(`printable ${JSON.stringify(text)}`, () => assert.equal(printable(text), gives));
}

test('no text is unsafe after printable', () => {
  fc.assert(fc.property(anyText, (text) => assert.doesNotMatch(printable(text), UNSAFE)));
});

test('printable JSON is safe and parses back equal', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      const line = printableJson(value);
      assert.doesNotMatch(line, UNSAFE);
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('shortened cuts with an ellipsis', () => {
  assert.equal(shortened('abcdef', 6), 'abcdef');
  assert.equal(shortened('abcdefg', 6), 'abcde…');
});

for (const { word, gives } of [
  { word: 'tabel', gives: 'table' },
  { word: 'Table', gives: 'table' },
  { word: 'on-stop', gives: 'on_stop' },
  { word: 'enable', gives: 'enabled' },
  { word: 'lg', gives: 'log' },
  { word: 'lago', gives: undefined },
  { word: 'telemetry', gives: undefined },
  { word: '', gives: undefined },
]) {
  test(`nearest to "${word}" is ${gives}`, () =>
    assert.equal(nearest(word, ['enabled', 'table', 'on_stop', 'log']), gives));
}
