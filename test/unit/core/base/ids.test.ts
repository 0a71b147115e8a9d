import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { test } from 'node:test';
import { contentId, idTime, isId, uuidv7 } from '../../../../core/base/ids.ts';
import { sha256OfText } from '../../../../core/base/text-hash.ts';
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

/** Whatever UTF-16 may hold, lone surrogates too. */
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', 'a\udfffb', 'ä'));

test('an id is 48 bits of the time, then 74 of the SHA-256 over each part behind its length in bytes', () => {
  fc.assert(
    fc.property(moment, fc.array(anyText, { maxLength: 4 }), (at, parts) => {
      const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
      const hash = createHash('sha256').update(Buffer.from(text)).digest().subarray(0, 10);
      hash[0] = ((hash[0] ?? 0) & 0x0f) | 0x80;
      hash[2] = ((hash[2] ?? 0) & 0x3f) | 0x80;
      const time = Buffer.alloc(6);
      time.writeUIntBE(at, 0, 6);
      assert.equal(contentId(at, parts).replaceAll('-', ''), Buffer.concat([time, hash]).toString('hex'));
    }),
  );
});

test('what the bundle hashes a text with gives the same', () => {
  fc.assert(fc.property(anyText, (text) => assert.equal(sha256OfText(text), hash('sha256', text))));
});

test('version and variant stand where RFC 9562 puts them', () => {
  assert.match(contentId(millis(5), ['x']), /^.{14}8.{4}[89ab]/);
  assert.match(uuidv7(millis(5), { bytes: (n) => new Uint8Array(n).fill(0xff) }), /^.{14}7.{4}[89ab]/);
});
