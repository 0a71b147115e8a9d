import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changeBetween,
  changed,
  composed,
  decodeChange,
  decodeContents,
  encodeChange,
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

/** The canonical form as its description has it, with numbers of any size. */
function described(columns: ListColumns, family: 4 | 6): string {
  const width = family === 4 ? 4 : 16;
  const at = (bytes: Uint8Array, i: number): bigint =>
    BigInt(`0x${Buffer.from(bytes.subarray(i * width, (i + 1) * width)).toString('hex')}`);
  const { addresses, networks, prefixes } = columns[family];
  const entries = [
    ...Array.from({ length: addresses.length / width }, (_, i) => ({ first: at(addresses, i), prefix: width * 8 })),
    ...Array.from(prefixes, (prefix, i) => ({ first: at(networks, i), prefix })),
  ].sort((a, b) => (a.first < b.first ? -1 : 1));
  const out: number[] = [];
  let before = 0n;
  for (const { first, prefix } of entries) {
    let left = first - before;
    if (prefix !== width * 8 || left === 0n) out.push(0, prefix);
    for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128);
    out.push(Number(left));
    before = first;
  }
  return Buffer.from(out).toString('hex');
}

test('the form is the one that is described, whatever the numbers', () => {
  const ends = fc.constantFrom(
    '0.0.0.0',
    '0.0.0.1',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '255.255.255.255',
    '::',
    '::/1',
    '::1',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(entry, ends), { maxLength: 40 }).map(columns), (whole) => {
      assert.equal(hex(encodeContent(whole)), `${described(whole, 4)} ${described(whole, 6)}`);
    }),
  );
});

test('two changes after each other are the change from before the first to behind the second', () => {
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 30 });
  const lists = some.map((numbers) =>
    columns(numbers.map((n) => (n % 5 === 0 ? `2001:db8:${n}::/64` : `192.0.2.${n}`))),
  );
  fc.assert(
    fc.property(fc.oneof(list, lists), lists, lists, (one, two, three) => {
      const [first, second] = [changeBetween(one, two), changeBetween(two, three)].map(decodeChange);
      assert.ok(first?.ok && second?.ok);
      const both = composed(first.value, second.value);
      assert.ok(both.ok);
      assert.deepEqual(encodeChange(both.value), changeBetween(one, three));
    }),
  );
});
