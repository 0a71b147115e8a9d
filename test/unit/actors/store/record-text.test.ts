import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content, TextOp } from '../../../../actors/store/disk.ts';
import { isIntact, sealed, toJson, unseal, unsealRaw } from '../../../../actors/store/record-text.ts';
import { fc } from '../../../support/random.ts';

const json = fc.jsonValue({ maxDepth: 2 }).map(toJson);
const content = fc.option(fc.oneof(json, fc.uint8Array({ maxLength: 40 })), { nil: undefined });
const key = fc.string({ unit: 'grapheme', maxLength: 12 });
const op = fc.tuple(key, content).map(([name, held]): TextOp => (held === undefined ? [name] : [name, held]));

const plain = (held: Content | undefined) => (typeof held === 'string' ? held : [...(held ?? [])]);

test('what is sealed together is what each would be alone, and holds what was sealed', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 20 }), (ops) => {
      const records = sealed(ops);
      assert.deepEqual(
        records.map(([name]) => name),
        ops.map(([name]) => name),
      );
      for (const [i, [name, held]] of ops.entries()) {
        const record = records[i]?.[1];
        assert.deepEqual(Buffer.from(record ?? []), Buffer.from(sealed([[name, held]])[0]?.[1] ?? []));
        if (held === undefined) assert.equal(record, undefined);
        else assert.deepEqual(plain(unsealRaw(name, record as Uint8Array)), plain(held));
        if (typeof held === 'string') assert.equal(unseal(name, Buffer.from(record as Uint8Array).toString()), held);
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
