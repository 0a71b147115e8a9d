import assert from 'node:assert/strict';
import { test } from 'node:test';
import { licencesText, referredTo } from '../../../../image/sbom/licences.ts';

test('a text that several parts have stands once, under all their names', () => {
  const text = licencesText('1.0.0', [
    { of: 'b 1', text: 'MIT\n' },
    { of: 'c 1', text: 'GPL' },
    { of: 'a 1', text: 'MIT' },
  ]);
  assert.equal(text.match(/^MIT$/gm)?.length, 1);
  assert.match(text, /^a 1\nb 1$/m);
});

test('licences that are referred to are found, without the full stop of the sentence', () => {
  const texts = [{ of: 'a', text: 'see /usr/share/common-licenses/GPL-2. Also /usr/share/common-licenses/Apache-2.0' }];
  assert.deepEqual(referredTo(texts), ['Apache-2.0', 'GPL-2']);
});
