import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blocksBetween } from '../../../actors/flash/map.ts';
import { fc } from '../../support/random.ts';

describe('the map of an image', () => {
  test('has every byte that is in use, each block once and ascending, and none that lies wholly outside', () => {
    const sizes = fc.array(fc.tuple(fc.nat(100_000), fc.nat(40_000_000)), { maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.nat(100_000), (steps, behind) => {
        let at = 0;
        const unused = steps.map(([gap, length]) => {
          const start = at + gap;
          at = start + length;
          return [start, at] as const;
        });
        const mapped = [...blocksBetween(at + behind, unused)];
        let next = 0;
        for (const [first, last] of mapped) {
          assert.ok(first >= next && last >= first && last - first < 4096);
          next = last + 1;
        }
        const isMapped = (byte: number): boolean =>
          mapped.some(([first, last]) => byte >= first * 4096 && byte < (last + 1) * 4096);
        let used = 0;
        for (const [start, end] of [...unused, [at + behind, at + behind] as const]) {
          for (const byte of [used, start - 1]) if (byte >= used && byte < start) assert.ok(isMapped(byte), `${byte}`);
          if (end - start > 3 * 4096) assert.equal(isMapped(Math.floor((start + end) / 2)), false);
          used = end;
        }
      }),
    );
  });
});
