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
