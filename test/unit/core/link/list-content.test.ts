import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changeBetween,
  changed,
  decodeContents,
  encodeContent,
  encodeParts,
} from '../../../../core/link/list-content.ts';
import { columnsOf, type ListColumns, totalOf } from '../../../../core/respond/lists/columns.ts';
import { Entries } from '../../../../core/respond/lists/entries.ts';
import { fc } from '../../../support/random.ts';

const columns = (texts: readonly string[]): ListColumns => {
  const entries = new Entries({ v4: 0, v6: 0 });
  for (const text of texts) {
    const bytes = Buffer.from(text);
    assert.equal(entries.read(bytes, 0, bytes.length), 'good', text);
  }
  return columnsOf(entries);
};

const quad = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
const six = fc
  .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));
const entry = fc.oneof(
  quad,
  fc.tuple(quad, fc.integer({ min: 1, max: 32 })).map(([ip, prefix]) => `${ip}/${prefix}`),
  six,
  fc.tuple(six, fc.integer({ min: 1, max: 128 })).map(([ip, prefix]) => `${ip}/${prefix}`),
);
const list = fc.array(entry, { maxLength: 40 }).map(columns);
const hex = (content: { readonly v4: Uint8Array; readonly v6: Uint8Array }) =>
  `${Buffer.from(content.v4).toString('hex')} ${Buffer.from(content.v6).toString('hex')}`;

for (const { of, is } of [
  { of: [], is: ' ' },
  { of: ['0.0.0.0'], is: '002000 ' },
  { of: ['0.0.0.1'], is: '01 ' },
  { of: ['0.0.0.1', '0.0.0.3', '0.0.1.0'], is: '0102fd01 ' },
  { of: ['10.0.0.0/8', '11.0.0.1'], is: '0008808080508180800 '.replace('8180800', '81808008') },
  { of: ['255.255.255.255'], is: 'ffffffff0f ' },
  { of: ['::2', '::/127'], is: ' 007f0002' },
]) {
  test(`the content of ${JSON.stringify(of)} is ${is}`, () => assert.equal(hex(encodeContent(columns(of))), is));
}

test('a content is read back as it was, whole and in parts', () => {
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 7 }), (whole, most) => {
      assert.deepEqual(decodeContents([encodeContent(whole)], 1000), { ok: true, value: whole });
      assert.deepEqual(decodeContents(encodeParts(whole, most), 1000), { ok: true, value: whole });
    }),
  );
});

test('a change makes one content of another, and of no third', () => {
  fc.assert(
    fc.property(list, list, (before, after) => {
      const change = changeBetween(before, after);
      assert.deepEqual(changed(before, change), { ok: true, value: after });
      if (change.removed.v4.length > 0) assert.equal(changed(columns([]), change).ok, false);
    }),
  );
});

test('any bytes are read or refused, and what is read is written as it came', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), fc.uint8Array({ maxLength: 40 }), (v4, v6) => {
      const read = decodeContents([{ v4, v6 }], 100);
      if (read.ok) assert.equal(hex(encodeContent(read.value)), hex({ v4, v6 }));
    }),
  );
});

for (const { bytes, why } of [
  { bytes: '8100', why: 'longer than it needs to be' },
  { bytes: '81', why: 'cut off' },
  { bytes: 'ffffffff1f', why: 'too large' },
  { bytes: '00', why: 'no such' },
  { bytes: '002101', why: 'no such' },
  { bytes: '002001', why: 'goes without saying' },
  { bytes: '000801', why: 'bits behind' },
  { bytes: '0008808080500 1'.replace(' ', ''), why: 'within each other' },
]) {
  test(`${bytes} is refused: ${why}`, () => {
    const read = decodeContents([{ v4: Buffer.from(bytes, 'hex'), v6: new Uint8Array(0) }], 100);
    assert.ok(!read.ok && read.public.includes(why), read.ok ? 'read' : read.public);
  });
}

test('no more entries are taken than may be', () => {
  assert.equal(decodeContents([encodeContent(columns(['192.0.2.1', '2001:db8::1']))], 1).ok, false);
  assert.equal(totalOf(columns(['192.0.2.1', '2001:db8::1'])), 2);
});
