import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStrictJson } from '../../../../core/api/json.ts';
import { fc } from '../../../support/random.ts';

const parse = (text: string, depth = 16) => parseStrictJson(new TextEncoder().encode(text), depth);

test('any JSON value without odd names reads as JSON.parse reads it', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 5 },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(
      fc.string().filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name)),
      tie('value'),
      { maxKeys: 4 },
    ),
  }));
  fc.assert(
    fc.property(value, fc.nat(3), (made, indent) => {
      const text = JSON.stringify(made, null, indent);
      const parsed = parse(text);
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.value, JSON.parse(text));
    }),
  );
});

for (const [text, flaw] of [
  ['{"a":{"b":1,"b":2}}', 'field "b" is given twice'],
  ['[{"a":1},{"a":1}]', undefined],
  ['{"a":{"a":{"a":1}}}', undefined],
  ['{"a":"a","b":"a"}', undefined],
  ['{"a":["b","b"],"b":1}', undefined],
  ['{"a":"{\\"x\\":1,\\"x\\":2}"}', undefined],
  ['{"a\\"b":1,"a\\u0022b":2}', 'field "a\\"b" is given twice'],
  ['{"x":[{"__proto__":1}]}', 'field "__proto__" is not allowed'],
  ['{"x":"__proto__"}', undefined],
  ['[-1e400]', 'number -1e400 is out of range'],
  ['{"a":"1e999"}', undefined],
  ['[[[]]]', 'body is nested deeper than 2'],
  ['[[],[],[]]', undefined],
] as const)
  test(`${text}: ${flaw ?? 'is read'}`, () => {
    const parsed = parse(text, text.startsWith('[[') ? 2 : 16);
    assert.equal(parsed.ok ? undefined : parsed.public, flaw);
  });

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text.slice(1))),
      ),
      (bytes) => {
        assert.equal(typeof parseStrictJson(bytes, 16).ok, 'boolean');
      },
    ),
  );
});
