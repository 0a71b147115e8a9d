import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lone, run } from '../../../../support/detectors.ts';
import { EPOCH, ip, sshEvent } from '../../../../support/events.ts';

const A = ip('203.0.113.7');
const USERS = ['root', 'admin', 'pi', 'git', 'oracle', 'test', 'guest', 'ubuntu', 'deploy', 'backup'];

const failure = (second: number, user: string | undefined, more = {}) =>
  sshEvent(second, second, { sourceIp: A, sourcePort: 1000 + second, host: 'edge', ...(user && { user }), ...more });

test('a slow attacker is found over a day', () => {
  const hourly = Array.from({ length: 12 }, (_, i) => failure(i * 7000, 'root'));
  const [found] = run(lone('ssh_slow_bruteforce'), hourly);
  assert.equal(found?.message, `Slow SSH brute force from ${A}: 12 failed logins over 21h23m20s (user root)`);
  assert.deepEqual(run(lone('ssh_slow_bruteforce'), hourly.slice(1)), []);
});

test('unknown users are counted once each, by whatever line says that they are unknown', () => {
  const lines = USERS.slice(0, 6).flatMap((user, i) => [
    failure(2 * i, user, { action: 'ssh_invalid_user', userUnknown: true }),
    failure(2 * i + 1, user, { userUnknown: true }),
  ]);
  const [found, ...more] = run(lone('ssh_user_enumeration'), lines);
  assert.equal(
    found?.message,
    `SSH user enumeration from ${A}: 6 unknown users in 9s (root, admin, pi, git, oracle, …)`,
  );
  assert.deepEqual([found?.count, found?.firstAt, more], [6, EPOCH + 1000, []]);
  assert.deepEqual(run(lone('ssh_user_enumeration'), lines.slice(0, 10)), []);
  assert.deepEqual(
    run(
      lone('ssh_user_enumeration'),
      USERS.map((user, i) => failure(i, user)),
    ),
    [],
  );
});

test('a spray is many users tried at most twice each; users tried oftener do not count', () => {
  const sprayed = USERS.slice(0, 8).map((user, i) => failure(60 * i, user));
  const [found] = run(lone('ssh_password_spray'), sprayed);
  assert.equal(
    found?.message,
    `SSH password spray from ${A}: 8 users tried at most twice each in 7m0s (root, admin, pi, git, oracle, …)`,
  );
  assert.equal(run(lone('ssh_password_spray'), [...sprayed.slice(0, 7), ...sprayed.slice(0, 7)]).length, 0);
  const hammered = [0, 1, 2].map((second) => failure(second, 'root'));
  assert.deepEqual(run(lone('ssh_password_spray'), [...hammered, ...sprayed.slice(1)]), []);
  assert.equal(run(lone('ssh_password_spray'), [...hammered, ...sprayed.slice(1), failure(500, 'other')]).length, 1);
  assert.deepEqual(run(lone('ssh_password_spray'), [failure(0, 'root', { repeats: 3 }), ...sprayed.slice(1)]), []);
});

test('many sources on one user of one host are one attack, addresses of one /64 one source', () => {
  const from = (i: number) => ip(`198.51.100.${i}`);
  const lines = Array.from({ length: 20 }, (_, i) => failure(i, 'root', { sourceIp: from(i) }));
  const [found] = run(lone('ssh_distributed_bruteforce'), lines);
  assert.deepEqual(found?.subject, { kind: 'user', value: 'root' });
  assert.equal(
    found?.message,
    `Distributed SSH brute force on user root on edge: failed logins from 20 sources in 19s (${[0, 1, 2, 3, 4].map(from).join(', ')}, …)`,
  );
  const mates = lines.map((line, i) => ({ ...line, sourceIp: ip(`2001:db8::${i + 1}`) }));
  assert.deepEqual(run(lone('ssh_distributed_bruteforce'), mates), []);
  const hosts = lines.map((line, i) => ({ ...line, host: `h${i % 2}` }));
  assert.deepEqual(run(lone('ssh_distributed_bruteforce'), hosts), []);
});

const login = (second: number, user: string, more = {}) =>
  failure(second, user, { action: 'ssh_accepted_password', outcome: 'success', method: 'password', ...more });

test('a login after failures of the same source is found, once', () => {
  const failures = USERS.slice(0, 5).map((user, i) => failure(i, user));
  const found = run(lone('ssh_login_after_failures'), [...failures, login(100, 'git'), login(101, 'git')]);
  assert.deepEqual(
    found.map(({ message, count, severity }) => [message, count, severity]),
    [
      [
        `SSH login as git from ${A} after 5 or more failed logins within 1m40s (users root, admin, pi, git, oracle)`,
        5,
        'critical',
      ],
    ],
  );
  const other = { sourceIp: ip('203.0.113.8') };
  assert.deepEqual(run(lone('ssh_login_after_failures'), [...failures, login(100, 'git', other)]), []);
  assert.deepEqual(run(lone('ssh_login_after_failures'), [...failures, login(3600, 'git')]), []);
  assert.deepEqual(run(lone('ssh_login_after_failures'), [...failures, login(3, 'git')]), []);
  assert.deepEqual(run(lone('ssh_login_after_failures'), [...failures.slice(1), login(100, 'git')]), []);
});

test('every login of root is found, by whatever method', () => {
  const found = run(lone('ssh_root_login'), [
    login(0, 'root'),
    login(0, 'root', { action: 'ssh_accepted_publickey', method: 'publickey' }),
    login(1, 'admin'),
    failure(2, 'root'),
  ]);
  assert.deepEqual(
    found.map(({ message }) => message),
    [`SSH login as root on edge from ${A} by password`, `SSH login as root on edge from ${A} by publickey`],
  );
});
