/** Whom the journal gets blocked, and whom not: the daemon, a real journald, sshd and nftables. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ATTACKER, EDGE, journalSite } from '../support/journal-site.ts';
import { startJournalSshd, tryPasswords } from '../support/journal-sshd.ts';
import { type Journald, noJournald, unitName } from '../support/journald.ts';
import { notRoot } from '../support/namespaces.ts';
import { lacks } from '../support/real-servers.ts';
import { blocked, blocks, component, finding } from '../support/watching.ts';

const USERS = ['root', 'admin', 'oracle', 'test', 'git', 'ubuntu'];

const SSHD = '/usr/sbin/sshd';
const VSFTPD = '/usr/sbin/vsftpd';

const failure = (ip: string, i: number): string => `Failed password for root from ${ip} port ${4000 + i} ssh2`;

/** Lines under a program's name by one that stays until journald has looked at it. */
async function say(journald: Journald, tag: string, program: string, lines: readonly string[]): Promise<void> {
  const logger = journald.spawn(program, ['-t', tag, '-p', 'auth.info']);
  for (const line of lines) logger.stdin.write(`${line}\n`);
  journald.sync();
  logger.stdin.end();
  await once(logger, 'exit');
}

test('through the journal a real brute force is blocked, what was forged beside it blocks nobody', {
  skip: notRoot || noJournald(),
}, async (t) => {
  const { journald, edge, attacker, daemon, start } = await journalSite(t);
  await startJournalSshd(journald, `ssh@${unitName('bz')}`, join(daemon.state, 'sshd'));
  await start();

  const forged = Array.from({ length: 5 }, (_, i) => failure('203.0.113.66', i));
  await say(journald, 'sshd', '/usr/bin/logger', forged);
  journald.send(
    ...Array.from({ length: 5 }, (_, i) => ({
      MESSAGE: failure('203.0.113.67', i),
      SYSLOG_IDENTIFIER: 'sshd',
      SYSLOG_FACILITY: '4',
      PRIORITY: '6',
    })),
  );
  journald.run('systemd-cat', [
    '-t',
    'sshd',
    'printf',
    Array.from({ length: 5 }, (_, i) => failure('203.0.113.68', i)).join('\\n'),
  ]);
  for (const ip of ['203.0.113.66', '203.0.113.67', '203.0.113.68']) await finding(daemon, 'ssh_bruteforce', ip);

  // Of a connection that is over before journald looks at the sender the line proves nothing: the attack goes on.
  const isBlocked = (): Promise<boolean> => blocks(daemon, ATTACKER).catch(() => false);
  let rounds = 0;
  do tryPasswords(attacker, EDGE, USERS);
  while (!(await isBlocked()) && ++rounds < 4);
  t.diagnostic(`${rounds} rounds more`);
  await finding(daemon, 'ssh_bruteforce', ATTACKER);
  assert.deepEqual(await blocked(daemon), [ATTACKER]);
  const elements = await edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  assert.match(elements, /192\.0\.2\.2/);
  assert.doesNotMatch(elements, /203\.0\.113/);
});

test('journal and file say the same: counted once, after a restart too; without the journal the file tells', {
  skip: notRoot || noJournald() || lacks(SSHD, VSFTPD),
}, async (t) => {
  const { journald, daemon, start } = await journalSite(t, {
    watchers: '  files: [{ path: STATE/auth*.log, parser: syslog }, { path: STATE/vsftpd.log, parser: vsftpd }]',
  });
  const log = join(daemon.state, 'auth.log');
  const ftplog = join(daemon.state, 'vsftpd.log');
  // Beside this journald logger is what journald takes for these programs.
  for (const program of [SSHD, VSFTPD]) journald.run('mount', ['--bind', '/usr/bin/logger', program]);
  const append = (ip: string, { age = 0, host = hostname(), lines = 3 } = {}): void => {
    const at = new Date(Date.now() - age).toISOString();
    for (let i = 0; i < lines; i++) appendFileSync(log, `${at} ${host} sshd[7]: ${failure(ip, i)}\n`);
  };
  const both = (ip: string): Promise<void> => {
    append(ip);
    return say(
      journald,
      'sshd',
      SSHD,
      [0, 1, 2].map((i) => failure(ip, i)),
    );
  };
  const counters = async () => (await component(daemon, 'pipeline', () => true)).counters;
  const events = (count: number) => component(daemon, 'pipeline', ({ counters }) => (counters['events'] ?? 0) >= count);
  writeFileSync(log, '');
  writeFileSync(ftplog, '');
  // Older than the journal's start here, so told by the file alone.
  append('203.0.113.9', { age: 3_600_000, lines: 5 });
  await say(journald, 'sshd', SSHD, [failure('203.0.113.8', 0)]);
  await start();
  await finding(daemon, 'ssh_bruteforce', '203.0.113.9');

  await both('203.0.113.1');
  await component(daemon, 'pipeline', ({ counters }) => counters['left to the journal'] === 3);
  await events(5 + 6);

  // What a program writes into a file of its own is in no journal, whatever else it says there.
  await say(journald, 'vsftpd', VSFTPD, [
    'pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=203.0.113.2',
  ]);
  await events(5 + 6 + 1);
  for (let i = 0; i < 10; i++) appendFileSync(ftplog, `${ctime()} [pid 3] [bob] FAIL LOGIN: Client "203.0.113.2"\n`);
  await finding(daemon, 'ftp_bruteforce', '203.0.113.2');
  // Nor does anybody take a program's lines out of a file by logging under its name.
  await say(journald, 'sudo', '/usr/bin/logger', [
    'bob : 1 incorrect password attempt ; PWD=/ ; USER=root ; COMMAND=/x',
  ]);
  await events(5 + 6 + 1 + 10 + 1);
  const refused = 'sudo: bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id';
  appendFileSync(log, `${new Date().toISOString()} ${hostname()} ${refused}\n`);
  await finding(daemon, 'sudo_failures');

  await daemon.stop();
  await both('203.0.113.3');
  await daemon.start('--enforce');
  await component(daemon, 'pipeline', ({ counters }) => counters['left to the journal'] === 3);
  assert.equal((await counters())['events'], 6, 'three of the journal, and three of the file that are left to it');
  const { body } = await daemon.call('GET', '/api/v1/findings');
  assert.deepEqual(
    body.filter(({ source_ip }: { source_ip: string }) => source_ip === '203.0.113.3'),
    [],
  );
  // Five of the file alone, of a host that is not this one, are not the journal's.
  append('203.0.113.4', { host: 'web1', lines: 5 });
  await finding(daemon, 'ssh_bruteforce', '203.0.113.4');

  renameSync(journald.persistent, `${journald.persistent}.away`);
  journald.rotate();
  await component(daemon, 'journal:', ({ state }) => state === 'waiting' || state === 'failed');
  append('203.0.113.5', { lines: 5 });
  await finding(daemon, 'ssh_bruteforce', '203.0.113.5');
});

/** The time as vsftpd writes it: `Sun Nov 22 05:02:24 2026`, this host's. */
const ctime = (): string => {
  const [day, month, date, year, time] = new Date().toString().split(' ');
  return `${day} ${month} ${date} ${time} ${year}`;
};
