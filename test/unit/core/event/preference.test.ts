import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isToldByJournal, type JournalOrigin, toldByJournal } from '../../../../core/event/preference.ts';

const AUTH = { path: '/var/log/auth.log', programs: ['sshd', 'sshd-session', 'sudo'] };
const MAIL = { path: '/var/log/mail.log', programs: ['postfix/smtpd', 'dovecot'] };
const WEB = { path: '/var/log/nginx/access.log', programs: [] };

for (const [what, seen, auth, mail] of [
  ['nothing yet', [], [], []],
  ['sshd', [{ program: 'sshd' }], ['sshd'], []],
  ['the unit of sshd', [{ program: 'sshd', unit: 'ssh.service' }], ['sshd', 'sshd-session'], []],
  ['a unit of one connection', [{ unit: 'sshd@3-192.0.2.1:22-192.0.2.7:4711.service' }], ['sshd', 'sshd-session'], []],
  ['a unit that is only called alike', [{ unit: 'ssh-agent.service' }, { unit: 'my-sshd.service' }], [], []],
  ['sudo in a session', [{ program: 'sudo', unit: 'session-3.scope' }], ['sudo'], []],
  ['mail', [{ program: 'postfix/smtpd' }, { unit: 'dovecot.service' }], [], ['postfix/smtpd', 'dovecot']],
  ['nginx', [{ program: 'nginx', unit: 'nginx.service' }], [], []],
] as const satisfies readonly (readonly [string, readonly JournalOrigin[], readonly string[], readonly string[]])[])
  test(`the journal has shown ${what}: left out of files is ${[...auth, ...mail].join(', ') || 'nothing'}`, () => {
    const told = toldByJournal([AUTH, MAIL, WEB], { isFollowed: true, seen });
    assert.deepEqual([...(told.get(AUTH.path) ?? [])], auth);
    assert.deepEqual([...(told.get(MAIL.path) ?? [])], mail);
    assert.equal(told.has(WEB.path), false);
  });

test('while the journal is not followed, the files tell everything', () => {
  const seen = [{ program: 'sshd', unit: 'ssh.service' }];
  assert.equal(toldByJournal([AUTH], { isFollowed: false, seen }).size, 0);
});

for (const [line, isTold] of [
  [{ program: 'sshd', host: 'edge' }, true],
  [{ program: 'sshd', host: 'EDGE.example.net' }, true],
  [{ program: 'sshd' }, true],
  [{ program: 'sshd', host: 'web1' }, false],
  [{ program: 'sudo', host: 'edge' }, false],
  [{ host: 'edge' }, false],
] as const)
  test(`${JSON.stringify(line)} is ${isTold ? '' : 'not '}told by the journal`, () => {
    const own = new Set(['edge', 'edge.example.net']);
    assert.equal(isToldByJournal(line, new Set(['sshd']), own), isTold);
    assert.equal(isToldByJournal(line, undefined, own), false);
  });
