import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckName } from '../../../../../core/detect/checks.ts';
import type { Event } from '../../../../../core/event/event.ts';
import { lone, run } from '../../../../support/detectors.ts';
import { eventAt, ip } from '../../../../support/events.ts';

const A = ip('203.0.113.7');

const failures = (count: number, more: Partial<Event>): Event[] =>
  Array.from({ length: count }, (_, i) => eventAt(i, i, { sourceIp: A, user: 'info@example.net', ...more }));

for (const [check, kinds, title] of [
  ['smtp_bruteforce', [{ service: 'smtp' }, { service: 'submission' }, { action: 'smtp_auth_failed' }], 'SMTP'],
  ['mail_bruteforce', [{ service: 'imap' }, { service: 'pop3' }, { action: 'mail_login_failed' }], 'IMAP and POP3'],
  ['ftp_bruteforce', [{ service: 'ftp' }, { action: 'ftp_login_failed' }], 'FTP'],
] as const)
  for (const kind of kinds)
    test(`${check} counts failures at ${JSON.stringify(kind)}`, () => {
      const [found] = run(lone(check), failures(10, kind));
      assert.equal(found?.message, `${title} brute force from ${A}: 10 failed logins in 9s (user info@example.net)`);
      assert.deepEqual(run(lone(check), failures(9, kind)), []);
      assert.deepEqual(run(lone(check), failures(10, { ...kind, outcome: 'success' })), []);
    });

for (const other of [
  { action: 'pam_failure', service: 'imap' },
  { action: 'mail_auth_failed', service: 'imap' },
  { category: 'email', service: 'smtp' },
  { service: 'http' },
  { action: 'ssh_failed_password', service: 'smtp' },
] as const)
  test(`${JSON.stringify(other)} is no failed login at a mail or FTP server`, () => {
    for (const check of ['smtp_bruteforce', 'mail_bruteforce', 'ftp_bruteforce'] satisfies CheckName[]) {
      const detector = lone(check);
      const events = failures(20, other).filter(({ category, action }) => detector.wants(category, action));
      assert.deepEqual(run(detector, events), []);
    }
  });

test('where an action and a service disagree, the service says where it was', () => {
  const submission = failures(10, { action: 'mail_login_failed', service: 'submission' });
  assert.equal(run(lone('smtp_bruteforce'), submission).length, 1);
  assert.deepEqual(run(lone('mail_bruteforce'), submission), []);
});

test('accounts are counted over SMTP and IMAP together, not FTP', () => {
  const lines = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
    eventAt(60 * i, i, { sourceIp: A, user: `u${i}@example.net`, service: i % 2 === 0 ? 'imap' : 'smtp' }),
  );
  const [found] = run(lone('mail_account_spray'), lines);
  assert.equal(
    found?.message,
    `Mail account spray from ${A}: failed logins to 8 accounts in 7m0s (u0@example.net, u1@example.net, u2@example.net, u3@example.net, u4@example.net, …)`,
  );
  assert.deepEqual(
    run(
      lone('mail_account_spray'),
      lines.map((line) => ({ ...line, service: 'ftp' })),
    ),
    [],
  );
});
