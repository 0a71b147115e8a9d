import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours } from '../../../../../core/base/time.ts';
import { KnownLogins, MOST_SOURCES } from '../../../../../core/detect/checks/known-logins.ts';
import { SOURCE_GROUPS } from '../../../../../core/detect/trail/keys.ts';
import { keep, lone, run, stored } from '../../../../support/detectors.ts';
import { ip, sshEvent } from '../../../../support/events.ts';

const DAY = 86_400;
const HOME = ip('203.0.113.7');
const AWAY = ip('198.51.100.9');

const login = (day: number, user: string, sourceIp = HOME) =>
  sshEvent(day * DAY, day, { action: 'ssh_accepted_publickey', method: 'publickey', host: 'edge', user, sourceIp });

const daysOf = (events: readonly ReturnType<typeof login>[]): readonly number[] =>
  run(lone('ssh_login_unknown_ip'), events).map(({ last }) => last.offset);

test('while it learns nothing is found; then each source is found once for each user', () => {
  const events = [
    login(0, 'alice'),
    login(6, 'alice', AWAY),
    login(6.9, 'bob'),
    login(7, 'alice', AWAY),
    login(8, 'bob', AWAY),
    login(9, 'bob', AWAY),
    login(10, 'carol'),
  ];
  assert.deepEqual(daysOf(events), [8, 10]);
  assert.equal(
    run(lone('ssh_login_unknown_ip'), events)[0]?.message,
    `SSH login as bob on edge from ${AWAY} by publickey: the user is not known to log in from there`,
  );
});

test('a source not used for the time it is remembered is new again', () => {
  assert.deepEqual(daysOf([login(0, 'alice'), login(89, 'alice'), login(178, 'alice'), login(268, 'alice')]), [268]);
});

test('a line that comes late makes nothing older than it is', () => {
  assert.deepEqual(daysOf([login(0, 'alice'), login(89, 'alice'), login(20, 'alice'), login(178, 'alice')]), []);
});

test('failed logins teach nothing, addresses of one /64 are one source', () => {
  const failed = { ...login(1, 'alice', AWAY), action: 'ssh_failed_password' };
  assert.deepEqual(daysOf([login(0, 'bob'), failed, login(8, 'alice', AWAY)]), [8]);
  assert.deepEqual(daysOf([login(0, 'bob', ip('2001:db8::1')), login(8, 'bob', ip('2001:db8::2'))]), []);
});

test('of a user the sources used last are remembered', () => {
  const many = Array.from({ length: MOST_SOURCES + 1 }, (_, i) => login(i / 100, 'alice', ip(`10.0.0.${i}`)));
  assert.deepEqual(daysOf([...many, login(8, 'alice', ip('10.0.0.1')), login(9, 'alice', ip('10.0.0.0'))]), [9]);
});

test('it holds what it may, and goes on after a restart where it stood', () => {
  const make = () => new KnownLogins({ learning: hours(1), remember: days(90) }, SOURCE_GROUPS);
  const before = make();
  for (let i = 0; i < 100; i++) before.step(login(i / 1000, `user${i}`));
  before.step(login(0.2, 'user0'));
  const full = before.bytes();
  assert.ok(before.evict(full / 2) >= 50 && before.bytes() <= full / 2);
  const store = new Map<string, unknown>();
  keep(store, before.snapshot());
  const after = make();
  assert.deepEqual(after.restore([...stored(store), ['x', 1], ['=y', []], ['=z', [1, 'a']], ['=g', undefined]]), {
    skipped: 3,
  });
  assert.equal(after.bytes(), before.bytes());
  assert.deepEqual(after.step(login(9, 'user0')), []);
  assert.equal(after.step(login(9, 'user1')).length, 1);
  assert.deepEqual(
    after.snapshot().map(([key]) => key),
    ['=user0', '=user1'],
  );
  before.evict(0);
  assert.equal(before.bytes(), 0);
});
