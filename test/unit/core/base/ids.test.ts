import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentId, idTime, isId, uuidv7 } from '../../../../core/base/ids.ts';
import { millis } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';

const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map(millis);

test('ids sort by time and carry it', () => {
  fc.assert(
    fc.property(moment, moment, fc.string(), (a, b, part) => {
      const [x, y] = [contentId(a, [part]), contentId(b, [part])];
      assert.equal(Math.sign(a - b), x < y ? -1 : x > y ? 1 : 0);
      assert.equal(idTime(x), a);
      assert.ok(isId(x));
    }),
  );
});

test('parts are told apart, and the same parts give the same id', () => {
  assert.notEqual(contentId(millis(1), ['ab', 'c']), contentId(millis(1), ['a', 'bc']));
  assert.equal(contentId(millis(1), ['ab', 'c']), contentId(millis(1), ['ab', 'c']));
});

test('version and variant stand where RFC 9562 puts them', () => {
  assert.match(contentId(millis(5), ['x']), /^.{14}8.{4}[89ab]/);
  assert.match(uuidv7(millis(5), { bytes: (n) => new Uint8Array(n).fill(0xff) }), /^.{14}7.{4}[89ab]/);
});
