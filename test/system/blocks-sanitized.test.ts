import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sanitized } from '../support/sanitized.ts';

test('the engine under AddressSanitizer and UBSan packs sound columns and refuses damaged ones', (t) => {
  const { done = 0, refused = 0 } = sanitized(t, 'blocks');
  assert.ok(done > 20 && refused > 20, `${done} packed, ${refused} refused`);
});
