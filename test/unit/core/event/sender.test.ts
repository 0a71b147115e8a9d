import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { type Event, isEvent, type Provenance, type Sender } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';

const parse = createParsers({ zone: UTC }).get('syslog') ?? assert.fail();
const AT = millis(Date.UTC(2026, 10, 22));

function read(program: string, message: string, sender: Sender, provenance: Provenance = 'journal'): Event {
  const parsed = parse({
    text: message,
    header: { at: AT, program },
    sender,
    position: { source: 'j', offset: 0 },
    receivedAt: AT,
    provenance,
  });
  assert.ok(isEvent(parsed), message);
  return parsed;
}

const SSH = 'Failed password for root from 203.0.113.7 port 42 ssh2';
const SSHD = { uid: 0, exe: '/usr/sbin/sshd', unit: 'ssh.service', transport: 'syslog' };
const PACKET = 'bartizan: IN=eth0 OUT= MAC= SRC=203.0.113.7 DST=192.0.2.1 LEN=60 PROTO=TCP SPT=4242 DPT=22 SYN';

for (const { who, program, message = SSH, sender, provenance } of [
  { who: 'sshd of Debian 11 and 12', program: 'sshd', sender: SSHD, provenance: 'journal' },
  {
    who: 'a session process of Debian 13, by socket activation',
    program: 'sshd-session',
    sender: { ...SSHD, exe: '/usr/lib/openssh/sshd-session', unit: 'ssh@7-203.0.113.7:22-198.51.100.9:4242.service' },
    provenance: 'journal',
  },
  {
    who: 'the monitor once logind moved it into the session',
    program: 'sshd',
    sender: { ...SSHD, unit: 'session-3.scope' },
    provenance: 'journal',
  },
  { who: 'sshd outside systemd', program: 'sshd', sender: { uid: 0, exe: '/usr/sbin/sshd' }, provenance: 'journal' },
  {
    who: 'sshd where /usr is not merged',
    program: 'sshd',
    sender: { ...SSHD, exe: '/sbin/sshd' },
    provenance: 'journal',
  },
  {
    who: 'logger -t sshd of a user',
    program: 'sshd',
    sender: { uid: 1000, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'logger -t sshd of root',
    program: 'sshd',
    sender: { uid: 0, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'logger -t sshd from within the service of a host without logind',
    program: 'sshd',
    sender: { uid: 0, exe: '/usr/bin/logger', unit: 'ssh.service', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'logger --journald with SYSLOG_IDENTIFIER=sshd',
    program: 'sshd',
    sender: { uid: 0, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'journal' },
    provenance: 'spoofable',
  },
  {
    who: 'whoever speaks the native protocol',
    program: 'sshd',
    sender: { uid: 33, exe: '/usr/bin/php8.4', unit: 'php8.4-fpm.service', transport: 'journal' },
    provenance: 'spoofable',
  },
  {
    who: 'systemd-cat -t sshd',
    program: 'sshd',
    sender: { uid: 0, exe: '/usr/bin/echo', unit: 'session-3.scope', transport: 'stdout' },
    provenance: 'spoofable',
  },
  {
    who: 'a user who starts sshd for himself',
    program: 'sshd',
    sender: { uid: 1000, exe: '/usr/sbin/sshd', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'root in a container that was given the socket',
    program: 'sshd',
    sender: { ...SSHD, unit: 'docker-0123456789.scope' },
    provenance: 'spoofable',
  },
  { who: 'who ended before journald could look', program: 'sshd', sender: { uid: 0 }, provenance: 'spoofable' },
  { who: 'nobody knows who', program: 'sshd', sender: {}, provenance: 'spoofable' },
  {
    who: 'a program that was built by hand',
    program: 'sshd',
    sender: { ...SSHD, exe: '/usr/local/sbin/sshd' },
    provenance: 'spoofable',
  },
  {
    who: 'the ring buffer under a name of its own',
    program: 'sshd',
    sender: { transport: 'kernel' },
    provenance: 'spoofable',
  },
  {
    who: 'root by way of /dev/kmsg',
    program: 'kernel',
    message: PACKET,
    sender: { transport: 'kernel' },
    provenance: 'spoofable',
  },
  {
    who: 'logger -t kernel',
    program: 'kernel',
    message: PACKET,
    sender: { uid: 0, exe: '/usr/bin/logger', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'sudo in a session',
    program: 'sudo',
    message: 'bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id',
    sender: { uid: 1001, exe: '/usr/bin/sudo', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'journal',
  },
  {
    who: 'logger -t sudo',
    program: 'sudo',
    message: 'bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id',
    sender: { uid: 1001, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'PAM within su',
    program: 'su',
    message: 'pam_unix(su-l:auth): authentication failure; logname= uid=1001 euid=0 tty= ruser=bob rhost=  user=alice',
    sender: { uid: 1001, exe: '/usr/bin/su', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'journal',
  },
  {
    who: 'a setuid program that names an address, whose path a mount namespace may have forged',
    program: 'su',
    message:
      'pam_unix(su:auth): authentication failure; logname= uid=1001 euid=0 tty= ruser=bob rhost=203.0.113.7  user=alice',
    sender: { uid: 1001, exe: '/usr/bin/su', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'cron, through PAM',
    program: 'CRON',
    message: 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
    sender: { uid: 0, exe: '/usr/sbin/cron', unit: 'cron.service', transport: 'syslog' },
    provenance: 'journal',
  },
  {
    who: 'a login server nobody listed, through PAM',
    program: 'xrdp-sesman',
    message: 'pam_unix(xrdp-sesman:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=203.0.113.7 ',
    sender: { uid: 0, exe: '/usr/sbin/xrdp-sesman', unit: 'xrdp-sesman.service', transport: 'syslog' },
    provenance: 'journal',
  },
  {
    who: 'logger under the name of a login server',
    program: 'xrdp-sesman',
    message: 'pam_unix(xrdp-sesman:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=203.0.113.7 ',
    sender: { uid: 0, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'logger under its own name',
    program: 'logger',
    message: 'pam_unix(x:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=203.0.113.7 ',
    sender: { uid: 0, exe: '/usr/bin/logger', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'postfix under its own account',
    program: 'postfix/smtpd',
    message: 'warning: unknown[203.0.113.7]: SASL PLAIN authentication failed: x, sasl_username=a',
    sender: { uid: 101, exe: '/usr/lib/postfix/sbin/smtpd', unit: 'postfix@-.service', transport: 'syslog' },
    provenance: 'journal',
  },
  {
    who: "exim with a user's own configuration",
    program: 'exim',
    message: 'plain authenticator failed for (x) [203.0.113.7]: 535 Incorrect authentication data (set_id=a)',
    sender: { uid: 1000, exe: '/usr/sbin/exim4', unit: 'session-3.scope', transport: 'syslog' },
    provenance: 'spoofable',
  },
  {
    who: 'a CGI script within the web server',
    program: 'apache2',
    message: '[error] [client 203.0.113.7] File does not exist: /x',
    sender: { uid: 33, exe: '/usr/bin/logger', unit: 'apache2.service', transport: 'syslog' },
    provenance: 'spoofable',
  },
])
  test(`${who}: ${provenance}`, () => {
    assert.equal(read(program, message, sender).provenance, provenance);
  });

test('without a sender the source’s own word holds', () => {
  const parsed = parse({
    text: `Nov 22 01:02:03 edge sshd[1]: ${SSH}`,
    position: { source: 'f', offset: 0 },
    receivedAt: AT,
    provenance: 'authenticated',
  });
  assert.ok(isEvent(parsed) && parsed.provenance === 'authenticated');
});

test('what the kernel itself said is of the kernel, whoever else its name is used by', () => {
  assert.equal(read('kernel', PACKET, { transport: 'kernel' }, 'kernel').provenance, 'kernel');
  assert.equal(read('sshd', SSH, { transport: 'kernel' }, 'kernel').provenance, 'spoofable');
});
