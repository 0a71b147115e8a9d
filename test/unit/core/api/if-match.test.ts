import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seenIn } from '../../../../core/api/if-match.ts';

for (const { header, seen } of [
  { header: undefined, seen: undefined },
  { header: ' ', seen: undefined },
  { header: 'abc', seen: ['abc'] },
  { header: '"abc"', seen: ['abc'] },
  { header: 'W/"abc"', seen: ['abc'] },
  { header: 'W/abc', seen: ['abc'] },
  { header: '"abc", W/"def"', seen: ['abc', 'def'] },
  { header: '*', seen: 'anything' },
  { header: '"*"', seen: 'anything' },
]) {
  test(`If-Match ${JSON.stringify(header)} names ${JSON.stringify(seen)}`, () =>
    assert.deepEqual(seenIn(header), seen));
}
