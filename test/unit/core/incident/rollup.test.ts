import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { bucketOf, bucketsUpTo, countInto, EMPTY, opened, summed } from '../../../../core/incident/rollup.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const NOON = millis(Date.UTC(2026, 2, 1, 12, 34, 56));

test('buckets begin with hours and days of UTC, the present one is the last', () => {
  assert.equal(bucketOf('hour', NOON), Date.UTC(2026, 2, 1, 12));
  assert.equal(bucketOf('day', NOON), Date.UTC(2026, 2, 1));
  assert.deepEqual(bucketsUpTo('day', NOON, 3), [Date.UTC(2026, 1, 27), Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1)]);
});

test('findings add up by severity and check', () => {
  const one = opened(EMPTY);
  countInto(one, sampleFinding('a', NOON, { severity: 'critical' }));
  const two = opened(one);
  countInto(two, sampleFinding('b', NOON, { check: 'other' }));
  assert.deepEqual(one.checks, { ssh_bruteforce: 1 });
  assert.deepEqual(summed([two, two]), {
    severities: { warning: 0, high: 2, critical: 2 },
    checks: { ssh_bruteforce: 2, other: 2 },
  });
  assert.deepEqual(EMPTY.checks, {});
});
