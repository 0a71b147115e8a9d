import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapped } from '../../../../core/api/mapped.ts';
import { jsonText, replyText } from '../../../../core/api/reply.ts';
import { fc } from '../../../support/random.ts';

const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ i, text: `<${i}>\n`, list: [i, []], none: undefined }));

/** The text, and how often everybody else had a turn while it was made. */
async function made(value: unknown) {
  let breaths = 0;
  const text = await replyText(value, async () => void breaths++);
  return { text, breaths };
}

for (const [name, value, breaths] of [
  ['a short list', rows(200), 0],
  ['a long list', rows(201), 1],
  ['a very long list', rows(2000), 9],
  ['a long list in an object', { total: 3, rows: rows(401), '<': [], gone: undefined }, 2],
  ['two of them', { a: rows(250), b: rows(250) }, 2],
  ['a list of nothing', new Array(300).fill(undefined), 1],
  ['a number', 7, 0],
  ['null', null, 0],
] as const)
  test(`${name} is the same text as in one go`, async () =>
    assert.deepEqual(await made(value), { text: jsonText(value), breaths }));

test('so is anything', async () => {
  const long = fc.array(fc.jsonValue(), { minLength: 201, maxLength: 450 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(long, fc.dictionary(fc.string(), fc.oneof(long, fc.jsonValue()))), async (value) =>
      assert.equal((await made(value)).text, jsonText(value)),
    ),
    { numRuns: 20 },
  );
});

test('rows of a long list are made in turns', async () => {
  let breaths = 0;
  const list = Array.from({ length: 3000 }, (_, i) => i);
  assert.deepEqual(
    await mapped(
      list,
      (i) => i + 1,
      async () => void breaths++,
    ),
    list.map((i) => i + 1),
  );
  assert.equal(breaths, 2);
});
