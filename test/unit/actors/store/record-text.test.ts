import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { TextOp } from '../../../../actors/store/disk.ts';
import { holdsBytes, isIntact, sealed, unseal, unsealRaw } from '../../../../actors/store/record-text.ts';
import { fc } from '../../../support/random.ts';

const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
);
const op = fc.oneof(fc.tuple(key, fc.json()), fc.tuple(key, fc.uint8Array()), fc.tuple(key)) as fc.Arbitrary<TextOp>;

test('records lie behind the checksum of key and content, whatever they are, and are read back', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 12 }), (ops) => {
      const records = sealed(ops);
      assert.equal(records.length, ops.length);
      for (const [i, [name, content]] of ops.entries()) {
        const [sealedKey, record] = records[i] as TextOp;
        assert.equal(sealedKey, name);
        if (content === undefined) {
          assert.equal(record, undefined);
          continue;
        }
        const bytes = Buffer.from(content as string);
        const mark = typeof content === 'string' ? ':' : ';';
        const before = crc32(Buffer.concat([Buffer.from(name), bytes])).toString(36) + mark;
        assert.deepEqual(Buffer.from(record as Uint8Array), Buffer.concat([Buffer.from(before), bytes]));
        const whole = Buffer.from(record as Uint8Array);
        assert.deepEqual(unsealRaw(name, whole), typeof content === 'string' ? content : bytes);
        assert.equal(isIntact(Buffer.from(name), whole), true);
        assert.equal(holdsBytes(whole.toString()), typeof content !== 'string');
        if (typeof content === 'string') assert.equal(unseal(name, whole.toString()), content);
      }
    }),
  );
});

test('a record is as it was always written', () => {
  const text = (ops: readonly TextOp[]) => sealed(ops).map(([, record]) => Buffer.from(record ?? []).toString());
  assert.deepEqual(text([['a!1', '{"name":"Zoë"}'], ['a!2'], ['a!3', Uint8Array.of(0x78, 0x79)], ['a!4', '1']]), [
    '1skg1o2:{"name":"Zoë"}',
    '',
    '14rk7x0;xy',
    'vj6ogw:1',
  ]);
});

test('a flipped bit, and a record under another key, are seen', () => {
  const record = Buffer.from(sealed([['a', '"text"']])[0]?.[1] as Uint8Array);
  assert.ok(isIntact(Buffer.from('a'), record));
  assert.ok(!isIntact(Buffer.from('b'), record));
  // That it is JSON, and no bytes, is the one bit that the checksum does not cover.
  const isJson = record.indexOf(':') * 8;
  for (let bit = 0; bit < record.length * 8; bit++) {
    if (bit === isJson) continue;
    const flipped = Buffer.from(record);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.ok(!isIntact(Buffer.from('a'), flipped), `bit ${bit}`);
  }
});
