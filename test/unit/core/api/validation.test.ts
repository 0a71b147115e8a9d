import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../../core/api/validation.ts';

for (const [keyword, instancePath, params, sentence] of [
  ['type', '/ip', { type: 'string' }, 'field "ip": must be a string'],
  ['type', '', { type: 'object' }, 'body must be an object'],
  ['type', '/rules/2/a~1b', { type: 'integer' }, 'field "rules[2].a/b": must be an integer'],
  ['required', '', { missingProperty: 'ip' }, 'field "ip" is missing'],
  ['required', '/a/0', { missingProperty: 'b' }, 'field "a[0].b" is missing'],
  ['additionalProperties', '', { additionalProperty: 'foo"' }, 'unknown field "foo\\""'],
  ['enum', '/m', { allowedValues: ['a', 'b'] }, 'field "m": must be one of "a", "b"'],
  ['const', '/m', { allowedValue: 1 }, 'field "m": must be 1'],
  ['minLength', '/t', { limit: 1 }, 'field "t": must not be empty'],
  ['maxLength', '/t', { limit: 9 }, 'field "t": must have at most 9 characters'],
  ['maxItems', '/t', { limit: 500 }, 'field "t": must have at most 500 entries'],
  ['minimum', '/n', { limit: 0 }, 'field "n": must be 0 or more'],
  ['pattern', '/n', {}, 'field "n": must match it'],
] as const)
  test(`${keyword} at "${instancePath}": ${sentence}`, () =>
    assert.equal(explain([{ keyword, instancePath, params, message: 'must match it' }], 'field').sentence, sentence));

test('a field name of any length is shown in bounded length', () => {
  const params = { additionalProperty: 'x'.repeat(60_000) };
  const { sentence } = explain([{ keyword: 'additionalProperties', instancePath: '', params }], 'field');
  assert.ok(sentence.length < 200);
});
