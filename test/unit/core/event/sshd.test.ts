import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ip } from '../../../../core/base/ip.ts';
import { millis } from '../../../../core/base/time.ts';
import { type Event, isEvent, type RawLine, type Unparsed } from '../../../../core/event/event.ts';
import { createParsers, isParserName, PARSER_NAMES } from '../../../../core/event/parsers.ts';
import { SSH_ACTIONS } from '../../../../core/event/sshd/actions.ts';
import { createSshdParser } from '../../../../core/event/sshd.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { type Said, SSHD_MESSAGES } from '../../../fixtures/sshd-messages.ts';
import { ROOT } from '../../../support/root.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const parser = createSshdParser(UTC);

const line = (text: string, more: Partial<RawLine> = {}): RawLine => ({
  text,
  position: { source: 'f', offset: 7 },
  receivedAt: NOW,
  provenance: 'file',
  ...more,
});

const read = (message: string, tag = 'sshd[12]'): Event | Unparsed =>
  parser(line(`Nov 22 01:02:03 edge ${tag}: ${message}`));

/** What an event says, in the form of the table. */
function said(event: Event): Said {
  const user = event.userUnknown ? `?${event.user ?? ''}` : event.user;
  return {
    ...(user === undefined ? {} : { user }),
    ...(event.sourceIp === undefined ? {} : { from: event.sourceIp }),
    ...(event.sourcePort === undefined ? {} : { port: event.sourcePort }),
    ...(event.method === undefined ? {} : { method: event.method }),
    ...(event.repeats === undefined ? {} : { repeats: event.repeats }),
  };
}

for (const [message, action, expected] of SSHD_MESSAGES)
  test(message, () => {
    const event = read(message);
    assert.ok(isEvent(event), 'unparsed');
    assert.equal(event.action, action);
    assert.deepEqual(said(event), expected);
    assert.equal(event.message, message);
  });

test('every message above the debug levels in the sources of OpenSSH 9.2 and 10.0, as Debian has them, is read', () => {
  const formats = readFileSync(join(ROOT, 'test/fixtures/openssh-formats.txt'), 'utf8').trimEnd().split('\n');
  assert.ok(formats.length > 150);
  assert.deepEqual(
    formats.filter((message) => !isEvent(read(message))),
    [],
  );
});

test('every action of the closed list is reached', () => {
  const reached = new Set(SSHD_MESSAGES.map(([, action]) => action));
  assert.deepEqual(
    Object.keys(SSH_ACTIONS).filter((action) => !reached.has(action as keyof typeof SSH_ACTIONS)),
    [],
  );
});

test('an event has exactly the fields that the line gives', () => {
  assert.deepEqual(read('Failed password for invalid user a from 203.0.113.7 port 42 ssh2', 'sshd-session[12]'), {
    at: millis(Date.UTC(2026, 10, 22, 1, 2, 3)),
    position: { source: 'f', offset: 7 },
    provenance: 'file',
    category: 'authentication',
    action: 'ssh_failed_password',
    outcome: 'failure',
    host: 'edge',
    program: 'sshd-session',
    pid: 12,
    user: 'a',
    userUnknown: true,
    sourceIp: '203.0.113.7' as Ip,
    sourcePort: 42,
    method: 'password',
    message: 'Failed password for invalid user a from 203.0.113.7 port 42 ssh2',
  });
});

for (const tag of ['sshd[1]', 'sshd', 'sshd-session[1]', 'sshd-auth[1]'])
  test(`program ${tag} is read`, () => assert.ok(isEvent(read('Server listening on :: port 22.', tag))));

for (const tag of ['sudo', 'sshd-keygen[1]', 'CRON[1]', 'sshguard'])
  test(`program ${tag} is another`, () =>
    assert.deepEqual(read('Server listening', tag), { unparsed: 'other-program' }));

test('the tag of old PAM is read', () => {
  const event = read(
    'authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 ',
    'sshd(pam_unix)[1]',
  );
  assert.ok(isEvent(event));
  assert.equal(event.action, 'ssh_pam_failure');
  assert.equal(event.sourceIp, '218.188.2.4');
});

for (const message of [
  '',
  'hello',
  'Failed',
  'Failed password',
  'Failed password for root',
  'Invalid user',
  'pam_unix',
  'constructor for x',
])
  test(`message ${JSON.stringify(message)} is unknown`, () =>
    assert.deepEqual(read(message), { unparsed: 'unknown-message' }));

test('a flawed line keeps its reason', () => {
  assert.deepEqual(parser(line('', { flaw: 'too-long' })), { unparsed: 'too-long' });
});

test('the registry makes every parser it names', () => {
  assert.deepEqual([...createParsers({ zone: UTC }).keys()], PARSER_NAMES);
  assert.ok(isParserName('sshd'));
  assert.ok(!isParserName('constructor'));
});
