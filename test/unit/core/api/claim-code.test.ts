import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatClaimCode, readClaimCode } from '../../../../core/api/claim-code.ts';
import { fc } from '../../../support/random.ts';

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const bare = (code: string): string => code.replaceAll('-', '');

test('a code is six groups of four or five without I, L, O and U', () => {
  fc.assert(
    fc.property(sixteen, (bytes) => {
      assert.match(formatClaimCode(bytes), /^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{4}){4}-[0-9A-HJKMNP-TV-Z]{5}$/);
    }),
  );
});

test('all 128 bits are in the code', () => {
  assert.equal(formatClaimCode(new Uint8Array(16)), '00000-0000-0000-0000-0000-00000');
  assert.equal(formatClaimCode(new Uint8Array(16).fill(255)), 'ZZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZW');
  fc.assert(
    fc.property(sixteen, fc.nat(127), (bytes, bit) => {
      const flipped = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      assert.notEqual(formatClaimCode(flipped), formatClaimCode(bytes));
    }),
  );
});

test('a code reads back from what people make of it', () => {
  const misspelt: Readonly<Record<string, readonly string[]>> = { 0: ['0', 'O', 'o'], 1: ['1', 'I', 'i', 'L', 'l'] };
  fc.assert(
    fc.property(sixteen, fc.infiniteStream(fc.nat()), (bytes, choices) => {
      const pick = (options: readonly string[]): string => options[(choices.next().value ?? 0) % options.length] ?? '';
      const code = formatClaimCode(bytes);
      const typed = [...bare(code)].map(
        (character) =>
          pick(misspelt[character] ?? [character, character.toLowerCase()]) + pick(['', '', '-', ' ', '–']),
      );
      assert.equal(readClaimCode(` ${typed.join('')}\n`), bare(code));
    }),
  );
});

for (const typed of [
  '',
  '-',
  'U'.repeat(26),
  '0'.repeat(25),
  '0'.repeat(27),
  `${'0'.repeat(26)}!`,
  '0'.repeat(10_000),
  '٠'.repeat(26),
])
  test(`${JSON.stringify(typed.slice(0, 30))} (${typed.length} characters) is no code`, () =>
    assert.equal(readClaimCode(typed), undefined));

test('any text is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (typed) => {
      const read = readClaimCode(typed);
      assert.ok(read === undefined || read.length === 26);
    }),
  );
});

test('a code of another size is a bug', () => assert.throws(() => formatClaimCode(new Uint8Array(15)), RangeError));

test('the whole text of a scanned QR code is read as its code', () => {
  const code = formatClaimCode(new Uint8Array(16).fill(7));
  assert.equal(readClaimCode(`BZ1:4K7QM2XW9TS:${bare(code)}`), bare(code));
  assert.equal(readClaimCode(` bz1:4K7Q-M2XW-9TS:${code.toLowerCase()}\n`), bare(code));
  for (const none of ['BZ1:4K7QM2XW9TS', `BZ2:4K7QM2XW9TS:${code}`, `BZ1:${'A'.repeat(21)}:${code}`])
    assert.equal(readClaimCode(none), undefined, none);
});
