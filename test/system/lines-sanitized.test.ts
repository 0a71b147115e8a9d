import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sanitized } from '../support/sanitized.ts';

test('the engine under AddressSanitizer and UBSan reads usual lines and leaves damaged ones', (t) => {
  const { read = 0, left = 0 } = sanitized(t, 'lines');
  assert.ok(read > 20 && left > 20, `${read} read, ${left} left`);
});
