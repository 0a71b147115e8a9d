import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { knownFields } from '../../../../core/api/known-fields.ts';

const SCHEMA = Type.Object({
  name: Type.String(),
  list: Type.Array(Type.Object({ a: Type.Integer() })),
  open: Type.Object({ a: Type.Integer() }, { additionalProperties: true }),
  any: Type.Unknown(),
});

test('what a schema does not name is left out, however deep; what says that it is open is kept whole', () => {
  const value = {
    name: 'x',
    other: 1,
    list: [{ a: 1, b: 2 }, { c: 3 }],
    open: { a: 1, b: { c: 2 } },
    any: { a: [1, { b: 2 }] },
    toString: 7,
  };
  assert.deepEqual(knownFields(SCHEMA, value), {
    name: 'x',
    list: [{ a: 1 }, {}],
    open: { a: 1, b: { c: 2 } },
    any: { a: [1, { b: 2 }] },
  });
});

test('what is no object stays as it is', () => {
  for (const value of [null, 7, 'x', [1]]) assert.deepEqual(knownFields(SCHEMA, value), value);
});
