import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPRESSION } from '../../actors/segments/block-codec.ts';
import { openBlocks } from '../../native/blocks/index.ts';
import type { BlockColumn, BlockPort } from '../../native/blocks/port.ts';
import { blockSuite } from './blocks-suite.ts';

function open(): BlockPort {
  const opened = openBlocks();
  assert.ok(opened.ok, opened.ok ? '' : opened.public);
  return opened.value;
}

blockSuite('addon', open);

const steps = (values = Float64Array.of(1, 2, 3)): BlockColumn => ({ kind: 'steps', id: 1, group: 0, values });

test('columns that do not hold the rows are refused before a byte of them is read', () => {
  const port = open();
  const rows = { from: 0, to: 3, isFinal: true, groups: 3, words: 2, ...COMPRESSION };
  const wrong: readonly (readonly BlockColumn[])[] = [
    [steps(Float64Array.of(1, 2))],
    [steps(), { kind: 'number', id: 2, group: 0, values: Float64Array.of(1) }],
    [steps(), { kind: 'steps', id: 2, group: 0, values: Float64Array.of(1, 2, 3), lanes: Uint16Array.of(1) }],
    [steps(), { kind: 'dictionary', id: 2, group: 0, ids: Uint16Array.of(0, 1, 3), texts: ['a', 'b'] }],
    [steps(), { kind: 'dictionary', id: 2, group: 0, ids: Uint16Array.of(0, 1), texts: ['a', 'b'] }],
    [steps(), { kind: 'bytes', id: 2, group: 0, bytes: new Uint8Array(4), ends: Uint32Array.of(1, 2, 5) }],
    [steps(), { kind: 'bytes', id: 2, group: 0, bytes: new Uint8Array(4), ends: Uint32Array.of(2, 1, 4) }],
    [steps(), { kind: 'bytes', id: 2, group: 0, bytes: new Uint8Array(4), ends: Uint32Array.of(1, 2) }],
    [steps(), { kind: 'number', id: 2, group: 3, values: Float64Array.of(1, 2, 3) }],
    [steps(), { kind: 'number', id: 2, group: 2, values: Float64Array.of(1, 2, 3) }],
  ];
  for (const columns of wrong) assert.throws(() => port.pack({ ...rows, columns }), RangeError);
  assert.throws(() => port.pack({ ...rows, from: 4, columns: [steps()] }), RangeError);
  assert.throws(() => port.pack({ ...rows, to: 2 ** 20, columns: [steps()] }), RangeError);
  assert.throws(() => port.pack({ ...rows, words: 3, columns: [steps()] }), RangeError);
});

test('what are no columns at all is a bug, and thrown', () => {
  const port = open();
  const rows = { from: 0, to: 1, isFinal: true, groups: 2, words: 1, ...COMPRESSION };
  for (const columns of [undefined, 7, [undefined], [{}], [{ ...steps(), kind: 'other' }], [{ ...steps(), id: 300 }]]) {
    assert.throws(() => port.pack({ ...rows, columns: columns as never }), TypeError);
  }
  const dictionary = { kind: 'dictionary', id: 2, group: 0, ids: Uint16Array.of(1), texts: [7] };
  assert.throws(() => port.pack({ ...rows, columns: [steps(), dictionary as never] }), TypeError);
  assert.throws(() => port.pack({ ...rows, columns: [{ ...steps(), values: Int32Array.of(1) } as never] }), TypeError);
  assert.throws(() => port.pack(undefined as never), TypeError);
  assert.throws(() => port.pack({ ...rows, from: -1, columns: [steps()] }), TypeError);
  assert.throws(() => port.pack({ ...rows, level: undefined as never, columns: [steps()] }), TypeError);
});
