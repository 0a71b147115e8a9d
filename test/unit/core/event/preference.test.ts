import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { isToldByJournal, type JournalOrigin, toldByJournal } from '../../../../core/event/preference.ts';

const SYSLOG = { name: 'syslog', programs: ['sshd', 'sshd-session', 'sudo'] };
const MAIL = { name: 'mail', programs: ['postfix/*', 'dovecot'] };
const ACCESS = { name: 'nginx-access', programs: [] };
const gaps = [{ from: millis(1000), until: millis(2000) }];

for (const [what, seen, syslog, mail] of [
  ['nothing yet', [], [], []],
  ['sshd', [{ program: 'sshd' }], ['sshd'], []],
  ['the unit of sshd', [{ program: 'sshd', unit: 'ssh.service' }], ['sshd', 'sshd-session'], []],
  ['a unit of one connection', [{ unit: 'sshd@3-192.0.2.1:22-192.0.2.7:4711.service' }], ['sshd', 'sshd-session'], []],
  ['a unit that is only called alike', [{ unit: 'ssh-agent.service' }, { unit: 'my-sshd.service' }], [], []],
  ['sudo in a session', [{ program: 'sudo', unit: 'session-3.scope' }], ['sudo'], []],
  ['mail', [{ program: 'postfix/smtpd' }, { unit: 'dovecot.service' }], [], ['postfix/smtpd', 'dovecot']],
  [
    'two of many of a family',
    [{ program: 'postfix/smtpd' }, { program: 'postfix/qmgr' }, { program: 'postfixx' }],
    [],
    ['postfix/smtpd', 'postfix/qmgr'],
  ],
  ['nginx', [{ program: 'nginx', unit: 'nginx.service' }], [], []],
] as const satisfies readonly (readonly [string, readonly JournalOrigin[], readonly string[], readonly string[]])[])
  test(`the journal has shown ${what}: left out of files is ${[...syslog, ...mail].join(', ') || 'nothing'}`, () => {
    const told = toldByJournal([SYSLOG, MAIL, ACCESS], { isFollowed: true, seen, gaps });
    assert.deepEqual([...(told.get('syslog')?.programs ?? [])], syslog);
    assert.deepEqual([...(told.get('mail')?.programs ?? [])], mail);
    assert.equal(told.has('nginx-access'), false);
  });

test('while the journal is not followed, the files tell everything', () => {
  const seen = [{ program: 'sshd', unit: 'ssh.service' }];
  assert.equal(toldByJournal([SYSLOG], { isFollowed: false, seen, gaps }).size, 0);
});

for (const [line, isTold] of [
  [{ program: 'sshd', host: 'edge' }, true],
  [{ program: 'sshd', host: 'EDGE.example.net' }, true],
  [{ program: 'sshd' }, true],
  [{ program: 'sshd', host: 'web1' }, false],
  [{ program: 'sudo', host: 'edge' }, false],
  [{ host: 'edge' }, false],
  [{ program: 'sshd', at: millis(999) }, true],
  [{ program: 'sshd', at: millis(1000) }, false],
  [{ program: 'sshd', at: millis(1999) }, false],
  [{ program: 'sshd', at: millis(2000) }, true],
] as const)
  test(`${JSON.stringify(line)} is ${isTold ? '' : 'not '}told by the journal`, () => {
    const own = new Set(['edge', 'edge.example.net']);
    const left = { programs: new Set(['sshd']), gaps };
    assert.equal(isToldByJournal({ at: millis(5000), ...line }, left, own), isTold);
  });
