import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Bmap, extentOf, formatBmap, mappedBytes, parseBmap } from '../../../../core/image/bmap.ts';
import { fc } from '../../../support/random.ts';

const sum = fc.stringMatching(/^[0-9a-f]{64}$/);

/** Maps of any shape: gaps and lengths one after the other, and an end that may cut the last block short. */
const anyBmap: fc.Arbitrary<Bmap> = fc
  .tuple(
    fc.constantFrom(512, 4096, 1 << 20),
    fc.array(fc.tuple(fc.nat(9), fc.nat(9), sum), { maxLength: 20 }),
    fc.nat(9),
    fc.integer({ min: 1, max: 512 }),
  )
  .map(([blockSize, steps, behind, lastBytes]) => {
    let next = 0;
    const ranges = steps.map(([gap, more, sha256]) => {
      const first = next + gap + 1;
      next = first + more + 1;
      return { first, last: first + more, sha256 };
    });
    return { blockSize, imageSize: (next + behind) * blockSize + lastBytes, ranges };
  });

const GOOD: Bmap = {
  imageSize: 10_000,
  blockSize: 4096,
  ranges: [
    { first: 0, last: 0, sha256: 'a'.repeat(64) },
    { first: 2, last: 2, sha256: 'b'.repeat(64) },
  ],
};

describe('block maps', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(anyBmap, (bmap) => {
        assert.deepEqual(parseBmap(formatBmap(bmap)), { ok: true, value: bmap });
      }),
    );
  });

  test('no text is taken that was changed anywhere', () => {
    const text = formatBmap(GOOD);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('0', '9', 'a', '<', ' ', ''), (at, char) => {
        const changed = text.slice(0, at) + char + text.slice(at + 1);
        const read = parseBmap(changed);
        if (read.ok) assert.deepEqual(read.value, GOOD);
        if (changed !== text) assert.ok(!read.ok, changed);
      }),
    );
  });

  test('nonsense is refused', () => {
    fc.assert(fc.property(fc.string(), (text) => !parseBmap(text).ok));
  });

  test('the last block of an image may be short', () => {
    const [, last] = GOOD.ranges;
    assert.ok(last !== undefined);
    assert.deepEqual(extentOf(last, GOOD), [8192, 10_000]);
    assert.equal(mappedBytes(GOOD), 4096 + 1808);
  });

  for (const { what, bmap, says } of [
    { what: 'ranges that overlap', bmap: { ranges: [GOOD.ranges[1], GOOD.ranges[1]] }, says: /out of order/ },
    { what: 'a range beyond the end', bmap: { ranges: [{ ...GOOD.ranges[0], last: 3 }] }, says: /beyond the end/ },
    { what: 'no image size', bmap: { imageSize: 0 }, says: /no image size/ },
    { what: 'blocks of no sensible size', bmap: { blockSize: 7 }, says: /block size/ },
  ]) {
    test(`refuses ${what}`, () => {
      const read = parseBmap(formatBmap({ ...GOOD, ...bmap } as Bmap));
      assert.match(read.ok ? 'taken' : read.public, says);
    });
  }

  for (const { what, from, to } of [
    { what: 'format 1', from: 'version="2.0"', to: 'version="1.4"' },
    { what: 'sums that are not SHA-256', from: '> sha256 <', to: '> sha1 <' },
    { what: 'a checksum that does not match', from: ' 2 ', to: ' 3 ' },
  ]) {
    test(`refuses ${what}`, () => assert.equal(parseBmap(formatBmap(GOOD).replace(from, to)).ok, false));
  }
});
