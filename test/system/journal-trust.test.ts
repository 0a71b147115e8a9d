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
import { blocked, blocks, component, finding } from '../support/watching.ts';

const USERS = ['root', 'admin', 'oracle', 'test', 'git', 'ubuntu'];

const failure = (ip: string, i: number): string => `Failed password for root from ${ip} port ${4000 + i} ssh2`;

/** Five lines under sshd's name by a logger that stays until journald has looked at it. */
async function forge(journald: Journald, ip: string): Promise<void> {
  const logger = journald.spawn('logger', ['-t', 'sshd', '-p', 'auth.info']);
  for (let i = 0; i < 5; i++) logger.stdin.write(`${failure(ip, i)}\n`);
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

  await forge(journald, '203.0.113.66');
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

  tryPasswords(attacker, EDGE, USERS);
  const found = await finding(daemon, 'ssh_bruteforce', ATTACKER);
  assert.match(found.message, /brute force/i);
  await blocks(daemon, ATTACKER);
  assert.deepEqual(await blocked(daemon), [ATTACKER]);
  const elements = await edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  assert.match(elements, /192\.0\.2\.2/);
  assert.doesNotMatch(elements, /203\.0\.113/);
});

test('journal and file say the same: counted once, after a restart too; without the journal the file tells', {
  skip: notRoot || noJournald(),
}, async (t) => {
  const { journald, daemon, start } = await journalSite(t, {
    watchers: '  files: [{ path: STATE/auth*.log, parser: syslog }, { path: STATE/mainlog, parser: exim }]',
  });
  const log = join(daemon.state, 'auth.log');
  const mainlog = join(daemon.state, 'mainlog');
  const append = (ip: string, { age = 0, host = hostname(), lines = 3 } = {}): void => {
    const at = new Date(Date.now() - age).toISOString();
    for (let i = 0; i < lines; i++) appendFileSync(log, `${at} ${host} sshd[7]: ${failure(ip, i)}\n`);
  };
  const both = (ip: string): void => {
    append(ip);
    for (let i = 0; i < 3; i++) journald.log('sshd', failure(ip, i));
  };
  const counters = async () => (await component(daemon, 'pipeline', () => true)).counters;
  const events = (count: number) => component(daemon, 'pipeline', ({ counters }) => (counters['events'] ?? 0) >= count);
  writeFileSync(log, '');
  writeFileSync(mainlog, '');
  // Older than the journal's start here, so told by the file alone.
  append('203.0.113.9', { age: 3_600_000, lines: 5 });
  journald.log('sshd', 'Server listening on 0.0.0.0 port 22.');
  journald.sync();
  await start();
  await finding(daemon, 'ssh_bruteforce', '203.0.113.9');

  both('203.0.113.1');
  await component(daemon, 'pipeline', ({ counters }) => counters['left to the journal'] === 3);
  await events(5 + 6);

  // What a program writes into a file of its own is in no journal, whatever else it says there.
  journald.log('exim4', 'exim 4.96 daemon started');
  for (let i = 0; i < 10; i++) {
    appendFileSync(
      mainlog,
      `${local()} login authenticator failed for (x) [203.0.113.2]: 535 Incorrect authentication data (set_id=bob${i})\n`,
    );
  }
  await finding(daemon, 'smtp_bruteforce', '203.0.113.2');

  await daemon.stop();
  both('203.0.113.3');
  journald.sync();
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

/** The time as exim writes it. */
const local = (): string => {
  const now = new Date(Date.now() - 60_000 * new Date().getTimezoneOffset());
  return now.toISOString().slice(0, 19).replace('T', ' ');
};
