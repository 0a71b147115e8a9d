import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyCodec } from '../../../../core/keys/codec.ts';
import { compareKeys } from '../../../../core/keys/order.ts';
import { fc } from '../../../support/random.ts';

const pair = keyCodec('pair', ['text', 'number']);
const texts = keyCodec('texts', ['text', 'text']);
/** Favours what separates, escapes and sorts badly. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('!', '"', '#', ' ', '~', '\0', 'a', '\u{1f600}', '\uffff', '\ue000', '0', 'R') }),
);
const anyText = fc.oneof(text, fc.string({ unit: fc.constantFrom('\ud800', '\udfff', '"', '~', 'd', '8', '0') }));
const number = fc.maxSafeNat();
const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('keys compare as the bytes of their UTF-8 do', () => {
  fc.assert(fc.property(text, text, (a, b) => assert.equal(Math.sign(compareKeys(a, b)), bytes(a, b))));
});

test('a key reads back as the segments it was made of', () => {
  fc.assert(fc.property(anyText, number, (a, n) => assert.deepEqual(pair.decode(pair.encode([a, n])), [a, n])));
});

test('keys sort by their segments from left to right', () => {
  fc.assert(
    fc.property(text, number, text, number, (a, m, b, n) => {
      const order = bytes(pair.encode([a, m]), pair.encode([b, n]));
      assert.equal(order, bytes(a, b) || Math.sign(m - n));
    }),
  );
});

test('different segments make different keys, well-formed or not', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, anyText, (a, b, c, d) => {
      assert.equal(texts.encode([a, b]) === texts.encode([c, d]), a === c && b === d);
    }),
  );
});

test('a key is well-formed, printable and without a raw separator, whatever it holds', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const key = texts.encode([a, b]);
      assert.ok(key.isWellFormed());
      assert.equal(key.split('!').length, 3);
      assert.ok([...key].every((char) => char > ' '));
    }),
  );
});

test('the range under leading segments holds exactly the keys that begin with them', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (a, b, c) => {
      const inside = ({ gte, lt }: { gte: string; lt: string }, key: string) =>
        compareKeys(key, gte) >= 0 && compareKeys(key, lt) < 0;
      const key = texts.encode([b, c]);
      assert.equal(inside(texts.under([a]), key), a === b);
      assert.equal(inside(texts.under([a, c]), key), a === b);
      assert.ok(inside(texts.under([]), key));
    }),
  );
});

test('keys of another space lie outside, also when one name begins the other', () => {
  const outer = keyCodec('finding', ['text']).under([]);
  for (const space of ['finding.id', 'finding-x', 'findings', 'findin']) {
    const key = keyCodec(space, ['text']).encode(['x']);
    assert.ok(!(compareKeys(key, outer.gte) >= 0 && compareKeys(key, outer.lt) < 0), space);
  }
});

for (const foreign of [
  'pair',
  'pair!a',
  'pair!a!1',
  'pair!a b!0000000000000001',
  'pair!a!0000000000000001!x',
  'other!a!0000000000000001',
  'pair!"z!0000000000000001',
  'pair!a!9999999999999999',
])
  test(`${foreign} is no key of the codec`, () => assert.equal(pair.decode(foreign), undefined));

for (const bad of [-1, 1.5, Number.NaN, 2 ** 53])
  test(`${bad} cannot be a segment`, () => assert.throws(() => pair.encode(['a', bad]), RangeError));
