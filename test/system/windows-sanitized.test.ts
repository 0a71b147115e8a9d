import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sanitized } from '../support/sanitized.ts';

test('the engine under AddressSanitizer and UBSan finds, forgets, and leaves nothing behind', (t) => {
  const { events = 0, rows = 0 } = sanitized(t, 'windows');
  assert.ok(events > 20 && rows > 20, `${events} found by events, ${rows} by rows`);
});
