import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, plus } from '../../../../core/base/time.ts';
import { allOf, isPlain, mentions, passing } from '../../../../core/query/finding-history.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const NOON = millis(Date.UTC(2026, 2, 1, 12, 34, 56));

const row = { serial: 1, finding: sampleFinding('203.0.113.7', NOON, { severity: 'high', details: 'Users: ROOT' }) };

for (const [filter, passes] of [
  [{}, true],
  [{ from: NOON }, true],
  [{ from: plus(NOON, millis(1)) }, false],
  [{ to: NOON }, false],
  [{ to: plus(NOON, millis(1)) }, true],
  [{ from: plus(NOON, hours(-1) as never), to: plus(NOON, hours(1)) }, true],
  [{ where: { op: 'eq', field: 'severity', value: 'high' } }, true],
  [{ where: { op: 'eq', field: 'severity', value: 'critical' } }, false],
  [{ where: { op: 'in', field: 'check', values: ['x', 'ssh_bruteforce'] } }, true],
  [{ where: { op: 'in', field: 'check', values: ['x'] } }, false],
  [{ where: mentions('users: root') }, true],
  [{ where: mentions('BRUTE FORCE FROM') }, true],
  [{ where: mentions('113.7') }, true],
  [{ where: mentions('nobody') }, false],
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
    [{}, { suppressed: 'only' as const }, { where: mentions('x') }].map((filter) => isPlain(filter)),
    [true, true, false],
  );
});

test('conditions are joined', () => {
  const a = mentions('a');
  assert.deepEqual([allOf([]), allOf([a]), allOf([a, a])], [undefined, a, { op: 'and', of: [a, a] }]);
});

test('a regular expression is a bug here: whoever reads filters refuses it', () =>
  assert.throws(() => passing({ where: { op: 'regex', field: 'message', value: 'a' } }), RangeError));
