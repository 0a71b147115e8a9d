import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, plus } from '../../../../core/base/time.ts';
import { isPlain, passing } from '../../../../core/incident/history.ts';
import { bucketOf, bucketsUpTo, counted, EMPTY, summed } from '../../../../core/incident/rollup.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const NOON = millis(Date.UTC(2026, 2, 1, 12, 34, 56));

test('buckets begin with hours and days of UTC, the present one is the last', () => {
  assert.equal(bucketOf('hour', NOON), Date.UTC(2026, 2, 1, 12));
  assert.equal(bucketOf('day', NOON), Date.UTC(2026, 2, 1));
  assert.deepEqual(bucketsUpTo('day', NOON, 3), [Date.UTC(2026, 1, 27), Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1)]);
});

test('findings add up by severity and check', () => {
  const one = counted(EMPTY, sampleFinding('a', NOON, { severity: 'critical' }));
  const two = counted(one, sampleFinding('b', NOON, { check: 'other' }));
  assert.deepEqual(summed([two, two]), {
    severities: { warning: 0, high: 2, critical: 2 },
    checks: { ssh_bruteforce: 2, other: 2 },
  });
  assert.deepEqual(EMPTY.checks, {});
});

const row = { serial: 1, finding: sampleFinding('203.0.113.7', NOON, { severity: 'high', details: 'Users: ROOT' }) };

for (const [filter, passes] of [
  [{}, true],
  [{ from: NOON }, true],
  [{ from: plus(NOON, millis(1)) }, false],
  [{ until: NOON }, false],
  [{ until: plus(NOON, millis(1)) }, true],
  [{ from: plus(NOON, hours(-1) as never), until: plus(NOON, hours(1)) }, true],
  [{ severity: 'high' }, true],
  [{ severity: 'critical' }, false],
  [{ checks: ['x', 'ssh_bruteforce'] }, true],
  [{ checks: ['x'] }, false],
  [{ search: 'users: root' }, true],
  [{ search: 'BRUTE FORCE FROM' }, true],
  [{ search: '113.7' }, true],
  [{ search: 'nobody' }, false],
  [{ suppressed: 'include' }, true],
  [{ suppressed: 'only' }, false],
] as const)
  test(`filter ${JSON.stringify(filter)} ${passes ? 'lets it pass' : 'leaves it out'}`, () =>
    assert.equal(passing(filter)(row), passes));

test('a suppressed finding shows only to who asks', () => {
  const marked = { ...row, suppressedBy: 'ab' };
  assert.deepEqual(
    [{}, { suppressed: 'include' as const }, { suppressed: 'only' as const }].map((filter) => passing(filter)(marked)),
    [false, true, true],
  );
  assert.deepEqual(
    [{}, { suppressed: 'only' as const }, { search: 'x' }].map((filter) => isPlain(filter)),
    [true, true, false],
  );
});
