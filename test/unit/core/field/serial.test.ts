import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CROCKFORD } from '../../../../core/base/crockford.ts';
import { isRealProductSerial, readSerial, serialOf } from '../../../../core/field/serial.ts';
import { fc } from '../../../support/random.ts';

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const place = fc.nat(10);

test('a serial is 4-4-3 characters that nobody misreads', () => {
  assert.equal(serialOf(new Uint8Array(32)), '0000-0000-000');
  fc.assert(
    fc.property(digest, (bytes) => {
      assert.match(serialOf(bytes), /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}$/);
    }),
  );
});

test('it reads back from what people make of it', () => {
  fc.assert(
    fc.property(digest, (bytes) => {
      const serial = serialOf(bytes);
      const typed = ` ${serial.replaceAll('-', ' ').toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')}\n`;
      assert.equal(readSerial(typed), serial);
    }),
  );
  for (const none of ['', '0000-0000-00', '0000-0000-0000', 'UUUU-UUUU-UUU', '0'.repeat(1000)]) {
    assert.equal(readSerial(none), undefined, none);
  }
});

test('every single wrong character is noticed', () => {
  fc.assert(
    fc.property(digest, place, fc.nat(31), (bytes, at, other) => {
      const plain = serialOf(bytes).replaceAll('-', '');
      const wrong = CROCKFORD.charAt(other);
      fc.pre(plain[at] !== wrong);
      assert.equal(readSerial(plain.slice(0, at) + wrong + plain.slice(at + 1)), undefined);
    }),
  );
});

test('every swap of two characters is noticed', () => {
  fc.assert(
    fc.property(digest, place, place, (bytes, one, other) => {
      const plain = [...serialOf(bytes).replaceAll('-', '')];
      fc.pre(plain[one] !== plain[other]);
      [plain[one], plain[other]] = [plain[other] ?? '', plain[one] ?? ''];
      assert.equal(readSerial(plain.join('')), undefined);
    }),
  );
});

for (const { text, isReal } of [
  { text: 'CZC1234XYZ', isReal: true },
  { text: 'VMware-56 4d 12 34', isReal: true },
  { text: 'J7V0KH3\n', isReal: true },
  { text: 'To be filled by O.E.M.', isReal: false },
  { text: 'System Serial Number', isReal: false },
  { text: 'Default string', isReal: false },
  { text: 'Not Specified', isReal: false },
  { text: '0123456789', isReal: false },
  { text: '00000000', isReal: false },
  { text: '----', isReal: false },
  { text: '', isReal: false },
  { text: 'ab1', isReal: false },
])
  test(`a product serial of "${text.trim()}" is ${isReal ? '' : 'not '}taken`, () =>
    assert.equal(isRealProductSerial(text), isReal));
