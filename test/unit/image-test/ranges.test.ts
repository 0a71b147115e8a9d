import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from '../../image/network/ranges.ts';

for (const { header, asked } of [
  { header: undefined, asked: 'whole' },
  { header: 'bytes=0-0', asked: { from: 0, to: 0 } },
  { header: 'bytes=10-', asked: { from: 10, to: 99 } },
  { header: 'bytes=-10', asked: { from: 90, to: 99 } },
  { header: 'bytes=-1000', asked: { from: 0, to: 99 } },
  { header: 'bytes=90-1000', asked: { from: 90, to: 99 } },
  { header: 'bytes=100-', asked: 'unsatisfiable' },
  { header: 'bytes=-0', asked: 'unsatisfiable' },
  { header: 'bytes=-', asked: 'whole' },
  { header: 'bytes=0-1,5-6', asked: 'whole' },
] as const)
  test(`of 100 bytes, ${header ?? 'no header'} asks for ${JSON.stringify(asked)}`, () =>
    assert.deepEqual(rangeOf(header, 100), asked));
