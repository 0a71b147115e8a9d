import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceTally } from '../../../../actors/incidents/index.ts';
import { hours, millis, plus } from '../../../../core/base/time.ts';

const NOW = millis(Date.UTC(2026, 0, 2, 12, 30));

test('addresses are ranked by findings of the last 24 hours', () => {
  const tally = new SourceTally();
  for (const ip of ['a', 'b', 'b', 'c']) tally.add(ip, NOW, NOW);
  tally.add('old', plus(NOW, hours(-25)), NOW);
  assert.deepEqual(tally.top(2, NOW), [
    { ip: 'b', count: 2 },
    { ip: 'a', count: 1 },
  ]);
  assert.equal(tally.unique(NOW), 3);
});

test('what is older than a day is forgotten, hour by hour', () => {
  const tally = new SourceTally();
  tally.add('a', NOW, NOW);
  tally.add('a', plus(NOW, hours(2)), plus(NOW, hours(2)));
  assert.deepEqual(tally.top(1, plus(NOW, hours(23))), [{ ip: 'a', count: 2 }]);
  assert.deepEqual(tally.top(1, plus(NOW, hours(24))), [{ ip: 'a', count: 1 }]);
  assert.equal(tally.unique(plus(NOW, hours(27))), 0);
});

test('no more than 20,000 addresses are counted', () => {
  const tally = new SourceTally();
  for (let i = 0; i < 20_010; i++) tally.add(String(i), NOW, NOW);
  tally.add('0', NOW, NOW);
  assert.equal(tally.unique(NOW), 20_000);
  assert.deepEqual(tally.top(1, NOW), [{ ip: '0', count: 2 }]);
});
