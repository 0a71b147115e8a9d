import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WordSpotter } from '../../../../../core/detect/web/word-spotter.ts';
import { fc } from '../../../../support/random.ts';

test('finds exactly the words that are in the text, as a search for each would', () => {
  const letters = fc.constantFrom('a', 'b', 'c', ' ', '/');
  const word = fc.string({ unit: letters, minLength: 1, maxLength: 5 }).filter((text) => !/ {2}/.test(text));
  const text = fc.string({
    unit: fc.oneof(letters, fc.constantFrom('A', 'B', 'x', 'é', '\\', '+', '\t', '\u{1f600}')),
  });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), text, (words, written) => {
      const spotter = new WordSpotter(words.map((one, i) => [one, 1 << i]));
      const hasBlank = words.some((one) => one.includes(' '));
      const hasSlash = words.some((one) => one.includes('/'));
      let plain = written.toLowerCase();
      if (hasSlash) plain = plain.replaceAll('\\', '/');
      if (hasBlank) plain = plain.replaceAll(/[+\t ]+/g, ' ');
      const expected = words.reduce((bits, one, i) => (plain.includes(one) ? bits | (1 << i) : bits), 0);
      assert.equal(spotter.spot(written), expected);
    }),
    { numRuns: 300 },
  );
});

test('the bits of words of one place are together', () => {
  const spotter = new WordSpotter([
    ['he', 1],
    ['she', 2],
    ['hers', 4],
    ['he', 8],
  ]);
  assert.equal(spotter.spot('ushers'), 15);
  assert.equal(spotter.spot('HER'), 9);
  assert.equal(spotter.spot(''), 0);
});
