import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closedBy,
  dropsAny,
  featuresOn,
  inRanges,
  joinedRanges,
  rateOf,
  UNITS,
} from '../../../../core/respond/host-features.ts';
import { fc } from '../../../support/random.ts';

test('a rate is whole packets a unit: as many as it says, or a little more', () => {
  assert.deepEqual(rateOf(600, 300), { packets: 2, per: 'second', burst: 600 });
  assert.deepEqual(rateOf(5, 300), { packets: 1, per: 'minute', burst: 5 });
  assert.deepEqual(rateOf(1, 3600), { packets: 1, per: 'hour', burst: 1 });
  const hits = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(hits, fc.integer({ min: 1, max: 3600 }), (many, seconds) => {
      const { packets, per, burst } = rateOf(many, seconds);
      assert.ok(Number.isInteger(packets) && packets >= 1 && packets <= 1_000_000 && burst === many);
      const [made, wanted] = [packets / UNITS[per], many / seconds];
      assert.ok(made >= wanted * (1 - 1e-9) && (packets - 1) / UNITS[per] < wanted, `${many} in ${seconds} s`);
    }),
  );
});

test('ranges hold what they were made of and nothing else, sorted and apart', () => {
  const port = fc.integer({ min: 1, max: 60 });
  const range = fc.tuple(port, port).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const joined = joinedRanges(ranges);
      for (let one = 1; one <= 61; one++) assert.equal(inRanges(one, joined), inRanges(one, ranges));
      for (const [i, { first }] of joined.entries()) assert.ok(i === 0 || first > (joined[i - 1]?.last ?? 0) + 1);
    }),
  );
});

test('what is on is told, and whether any of it drops', () => {
  const features = { connLimit: 5, icmp: 'needed', counting: ['conn_limit', 'icmp_policy'] } as const;
  assert.deepEqual(featuresOn(features), ['icmp_policy', 'conn_limit']);
  assert.deepEqual([undefined, features, { connLimit: 5 }].map(dropsAny), [false, false, true]);
  assert.equal(closedBy(undefined, 22), undefined);
});
