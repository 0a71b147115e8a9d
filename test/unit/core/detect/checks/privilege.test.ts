import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lone, run } from '../../../../support/detectors.ts';
import { eventAt } from '../../../../support/events.ts';

for (const [check, action, command] of [
  ['sudo_failures', 'sudo_failed', 'sudo'],
  ['su_failures', 'su_failed', 'su'],
] as const) {
  const attempt = (second: number, more = {}) =>
    eventAt(second, second, { action, user: 'alice', targetUser: 'root', host: 'edge', ...more });

  test(`${check}: three failures of a user on a host are found`, () => {
    const [found] = run(lone(check), [attempt(0), attempt(1), attempt(299, { targetUser: 'a\u202eb' })]);
    assert.deepEqual(found?.subject, { kind: 'user', value: 'alice' });
    assert.equal(
      found?.message,
      `3 failed ${command} attempts of user alice on edge in 4m59s (to become root, "a\\u{202e}b")`,
    );
  });

  test(`${check}: a line that stands for three is enough, other users and hosts do not add up`, () => {
    assert.equal(run(lone(check), [attempt(0, { repeats: 3 })]).length, 1);
    assert.deepEqual(run(lone(check), [attempt(0), attempt(1, { user: 'bob' }), attempt(2, { host: 'other' })]), []);
    assert.deepEqual(run(lone(check), [attempt(0), attempt(1), attempt(2, { action: 'pam_failure' })]), []);
    assert.deepEqual(run(lone(check), [attempt(0), attempt(1), attempt(300)]), []);
  });
}
