import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGrubenv, writeGrubenv } from '../../image/looks/grubenv.ts';

const VARIABLES = { ORDER: 'B A', A_OK: '1', A_TRY: '0', B_OK: '1', B_TRY: '2' };

test('an environment block has 1024 bytes and is read back as it was written', () => {
  const block = writeGrubenv(VARIABLES);
  assert.equal(Buffer.byteLength(block), 1024);
  assert.deepEqual(readGrubenv(block), VARIABLES);
});

test('what is no environment block is refused, and so is too much for one', () => {
  assert.throws(() => readGrubenv('\0'.repeat(1024)), /not an environment block/);
  assert.throws(() => writeGrubenv({ LONG: 'x'.repeat(1024) }), /too much/);
});
