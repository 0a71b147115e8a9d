import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock, systemRandom } from '../../../../actors/clock/index.ts';
import { days, millis, seconds } from '../../../../core/base/time.ts';

/** The timers below ours, under the test's control. */
const mocked = (t: TestContext) => t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1000 });

test('fires once after its delay, at once for a delay below zero, never when cancelled', (t) => {
  mocked(t);
  const fired: string[] = [];
  systemClock.after(seconds(1), () => fired.push('a'));
  systemClock.after(millis(-5), () => fired.push('now'));
  const cancel = systemClock.after(seconds(1), () => fired.push('never'));
  cancel();
  cancel();
  t.mock.timers.tick(999);
  assert.deepEqual(fired, ['now']);
  t.mock.timers.tick(5000);
  assert.deepEqual(fired, ['now', 'a']);
  assert.equal(systemClock.now(), 6999);
});

test('a delay that setTimeout cannot hold is waited for in full, and can be cancelled in every part', (t) => {
  mocked(t);
  const fired: string[] = [];
  systemClock.after(days(100), () => fired.push('a'));
  const cancel = systemClock.after(days(100), () => fired.push('never'));
  const longest = 2 ** 31 - 1;
  for (let part = 0; part < 4; part++) t.mock.timers.tick(longest);
  cancel();
  t.mock.timers.tick(days(100) - 4 * longest - 1);
  assert.deepEqual(fired, []);
  t.mock.timers.tick(1);
  assert.deepEqual(fired, ['a']);
});

test('random bytes are as many as asked for, and not the same twice', () => {
  const [a, b] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  assert.equal(a.length, 32);
  assert.notDeepEqual(a, b);
  assert.equal(systemRandom.bytes(65_536).length, 65_536);
});
