import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../../../core/base/time.ts';
import { CHECK_NAMES, CHECKS, checkOf, createDetectors } from '../../../../core/detect/checks.ts';
import { SEVERITIES } from '../../../../core/detect/finding.ts';
import { lone, only, run } from '../../../support/detectors.ts';
import { eventAt, ip, requestAt, sshEvent } from '../../../support/events.ts';

test('every check is registered under its name, with what settings, docs and the API say of it', () => {
  assert.equal(CHECK_NAMES.length, 24);
  for (const name of CHECK_NAMES) {
    const { info } = CHECKS[name];
    assert.equal(info.name, name);
    assert.ok(SEVERITIES.includes(info.severity) && info.category !== '' && info.description.length > 10);
    assert.equal(checkOf(name), info);
  }
  assert.equal(checkOf('toString'), undefined);
});

test('detectors judge all checks that are not off, each once', () => {
  const names = (settings = {}) => createDetectors(settings).flatMap(({ checks }) => checks.map(({ name }) => name));
  assert.deepEqual([...names()].sort(), [...CHECK_NAMES].sort());
  assert.deepEqual(names(only({ port_scan: CHECKS.port_scan.defaults })), ['port_scan']);
  assert.deepEqual(createDetectors(only({})), []);
  const all = createDetectors().map(({ name }) => name);
  assert.equal(new Set(all).size, all.length);
});

test('a check goes by what it is set to', () => {
  const strict = lone('ssh_bruteforce', { threshold: 1, window: minutes(1) });
  assert.equal(run(strict, [sshEvent(0, 0, { sourceIp: ip('203.0.113.7') })]).length, 1);
});

test('sources are grouped as set', () => {
  const failures = [1, 2, 3, 4, 5].map((i) => sshEvent(i, i, { sourceIp: ip(`203.0.113.${i}`), sourcePort: 1 }));
  const abandoned = failures.map((event) => ({ ...event, action: 'ssh_auth_abandoned' }));
  for (const events of [failures, abandoned]) {
    assert.deepEqual(run(lone('ssh_bruteforce'), events), []);
    const [found] = run(lone('ssh_bruteforce', {}, { groups: { v4: 24, v6: 64 } }), events);
    assert.deepEqual(found?.subject, { kind: 'ip', value: '203.0.113.5' });
  }
});

test('whatever attackers write, a message is one line of bounded length that acts on no screen', () => {
  const nasty = `\u202e\n"${'x'.repeat(5000)}\u001b[31m`;
  const from = ip('203.0.113.7');
  const user = (i: number) => `${i}${nasty}`;
  const events = Array.from({ length: 60 }, (_, i) => [
    sshEvent(i, i, { sourceIp: from, user: user(i), host: nasty, userUnknown: true }),
    sshEvent(i, i, { sourceIp: from, user: user(i), host: nasty, method: nasty, action: 'ssh_accepted_password' }),
    eventAt(i, i, { sourceIp: from, user: user(i), service: 'imap' }),
    eventAt(i, i, { action: 'su_failed', user: nasty, targetUser: user(i), host: nasty }),
    requestAt(i, { sourceIp: from, path: `/.env${user(i)}../../`, host: nasty, userAgent: `nikto${nasty}` }),
  ]).flat();
  const found = createDetectors().flatMap((detector) =>
    run(
      detector,
      events.filter(({ category, action }) => detector.wants(category, action)),
    ),
  );
  assert.ok(new Set(found.map(({ check }) => check)).size >= 10);
  for (const { message } of found) {
    assert.doesNotMatch(message, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.ok(message.length < 2000, message);
  }
});
