import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countdown,
  counts,
  maker,
  severity,
  stamp,
  timeLeft,
  visible,
} from '../../../../core/console/browser/words.ts';

test('a time is written as logs write it, in the zone of the reader', () => {
  const iso = new Date(2026, 0, 2, 3, 4, 5).toISOString();
  assert.equal(stamp(iso), '2026-01-02 03:04:05');
  assert.equal(stamp('soon'), 'soon');
  assert.equal(stamp(''), '');
});

for (const [expiresIn, words] of [
  ['permanent', 'for good'],
  ['45s', '45s'],
  ['12m', '12m'],
  ['1h0m', '1h 0m'],
  ['47h59m', '47h 59m'],
  ['48h0m', '2d 0h'],
  ['167h59m', '6d 23h'],
] as const)
  test(`a block that ends in ${expiresIn} has "${words}" left`, () => assert.equal(timeLeft(expiresIn), words));

test('a word or level of a newer server is shown as it is', () => {
  assert.equal(maker('auto_response'), 'automatic');
  assert.equal(maker('controller'), 'controller');
  assert.equal(severity(2), 'critical');
  assert.equal(severity(7), 'unknown');
});

test('what was counted is listed without the zeros', () => {
  assert.equal(counts({ lines: 12_345, dropped: 0, events: 3 }), 'lines 12,345 · events 3');
  assert.equal(counts({}), '');
});

test('what hides, or turns the writing round, is shown as what it is', () =>
  assert.equal(visible('a\u202eb\u0007\u2028 é<b>'), 'a\\u{202e}b\\u{7}\\u{2028} é<b>'));
test('what is left of a trial is told in minutes and seconds', () => {
  assert.deepEqual([0, 9, 60, 247, 1800].map(countdown), ['0:00', '0:09', '1:00', '4:07', '30:00']);
});
