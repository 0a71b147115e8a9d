import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, maskedCrc32c } from '../../../../actors/store/crc32c.ts';
import { logRecords, mendLog } from '../../../../actors/store/log-file.ts';
import { readManifest } from '../../../../actors/store/manifest-file.ts';
import { unsnappy } from '../../../../actors/store/snappy.ts';
import { checkTable } from '../../../../actors/store/table-file.ts';
import { fc } from '../../../support/random.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

for (const [input, crc] of [
  ['', 0],
  ['123456789', 0xe3069283],
  ['\0'.repeat(32), 0x8a9136aa],
  ['\xff'.repeat(32), 0x62a8ab43],
] as const)
  test(`CRC-32C of ${JSON.stringify(input.slice(0, 9))} (RFC 3720)`, () => assert.equal(crc32c(bytes(input)), crc));

for (const [what, packed, plain] of [
  ['nothing', '\0', ''],
  ['a literal', '\x03\x08abc', 'abc'],
  ['a literal with its length in a byte of its own', `\x46\xf0\x45${'x'.repeat(70)}`, 'x'.repeat(70)],
  ['a copy that overlaps itself', '\x09\x00a\x11\x01', 'aaaaaaaaa'],
  ['a copy with two bytes of offset', '\x06\x08abc\x0a\x03\x00', 'abcabc'],
  ['a copy with four bytes of offset', '\x06\x08abc\x0b\x03\x00\x00\x00', 'abcabc'],
] as const)
  test(`unpacks ${what}`, () => assert.deepEqual(unsnappy(bytes(packed), 100), Uint8Array.from(bytes(plain))));

for (const [what, packed] of [
  ['a copy from before the beginning', '\x09\x00a\x11\x02'],
  ['a copy of nothing', '\x09\x00a\x11\x00'],
  ['more than was said', '\x02\x08abc'],
  ['less than was said', '\x04\x08abc'],
  ['a literal cut short', '\x03\x08ab'],
  ['more than the limit', '\x65'],
  ['no length', ''],
  ['a length without end', '\xff'.repeat(12)],
] as const)
  test(`does not unpack ${what}`, () => assert.equal(unsnappy(bytes(packed), 100), undefined));

test('whatever the bytes, nothing throws or hangs', () => {
  const any = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(any, (input) => {
      unsnappy(input, 1000);
      mendLog(input);
      logRecords(input);
      readManifest(input);
      assert.ok(checkTable(input).damaged > 0);
    }),
  );
});

/** A log as LevelDB writes it. */
function logOf(records: readonly Uint8Array[]): Buffer {
  const parts: Buffer[] = [];
  let used = 0;
  for (const record of records) {
    for (let at = 0, first = true; first || at < record.length; first = false) {
      const room = 32_768 - (used % 32_768);
      if (room < 7) {
        parts.push(Buffer.alloc(room));
        used += room;
        first = at === 0;
        continue;
      }
      const piece = record.subarray(at, at + room - 7);
      at += piece.length;
      const last = at === record.length;
      const type = at === piece.length ? (last ? 1 : 2) : last ? 4 : 3;
      const body = Buffer.from([type, ...piece]);
      const head = Buffer.alloc(6);
      head.writeUInt32LE(maskedCrc32c(body));
      head.writeUInt16LE(piece.length, 4);
      parts.push(head, body);
      used += 6 + body.length;
      if (last) break;
    }
  }
  return Buffer.concat(parts);
}

/** Lengths that make records of one and of several fragments. */
const lengths = fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 1, maxLength: 6 });
const recordsOf = (all: readonly number[]): Buffer[] => all.map((length, i) => Buffer.alloc(length, i));

test('a log reads back as its records, and is not damaged when its end is cut off', () => {
  fc.assert(
    fc.property(lengths, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
      const records = recordsOf(all);
      const whole = logOf(records);
      assert.ok(isPrefix(logRecords(whole), records) && logRecords(whole)?.length === records.length);
      const cut = whole.subarray(0, Math.floor(whole.length * part));
      assert.ok(isPrefix(logRecords(cut), records));
    }),
    { numRuns: 40 },
  );
});

test('a flipped bit in a log is found, unless it looks like a writer that died in the last record; mended, it is whole', () => {
  fc.assert(
    fc.property(lengths, fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.nat(7), (all, part, bit) => {
      const records = recordsOf(all);
      const damaged = logOf(records);
      const at = Math.floor(damaged.length * part);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      const mended = mendLog(damaged);
      const left = logRecords(mended ?? damaged);
      assert.ok(left !== undefined, 'a mended log has no more damage');
      assert.ok(left.every((one) => records.some((record) => record.equals(one))));
      assert.ok(mended !== undefined || left.length >= records.length - 1);
    }),
    { numRuns: 60 },
  );
});

const isPrefix = (found: readonly Uint8Array[] | undefined, records: readonly Buffer[]): boolean =>
  found?.every((one, i) => records[i]?.equals(one)) === true;
