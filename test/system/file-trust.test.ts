/** What lines of files are worth, and when they happened; the daemon enforces in a namespace. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { blocked, blocks, component, finding, search } from '../support/watching.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

async function enforcing(t: TestContext, files: string) {
  const edge = new Namespace('edge');
  const daemon = new Daemon(await stateDir());
  t.after(async () => {
    await daemon[Symbol.asyncDispose]();
    edge[Symbol.dispose]();
  });
  // Not below /tmp, where anybody may write.
  const directory = join(daemon.state, 'logs');
  mkdirSync(directory, { mode: 0o755 });
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
auto_response: { block_expiry: 1h }
watchers: { files: [${files.replaceAll('LOGS', directory)}] }
`);
  return { daemon, directory };
}

/** Five failures of one source. @param at when the first was, a second between them */
const attack = (ip: string, at: number = Date.now()): string =>
  Array.from({ length: 5 }, (_, i) => {
    const time = new Date(at + 1000 * i).toISOString();
    return `${time} ${hostname()} sshd[77]: Failed password for root from ${ip} port ${4000 + i} ssh2\n`;
  }).join('');

test('a file that anybody may write to blocks nobody and says so; when the right is taken away it may', {
  skip: notRoot,
}, async (t) => {
  const { daemon, directory } = await enforcing(
    t,
    `{ path: LOGS/open.log, parser: sshd }, { path: LOGS/own.log, parser: sshd }, { path: LOGS/told.log, parser: sshd, trust: spoofable }`,
  );
  const [open, own, told] = ['open.log', 'own.log', 'told.log'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const file of [open, own, told]) writeFileSync(file, '', { mode: 0o640 });
  chmodSync(open, 0o666);
  await daemon.start('--enforce');
  const said = await component(daemon, `file:${open}`, ({ message = '' }) => message !== '');
  assert.match(
    said.message ?? '',
    /open\.log may be written by anybody \(mode 0666\): its lines count as spoofable and get nobody blocked/,
  );

  appendFileSync(open, attack('203.0.113.1'));
  appendFileSync(told, attack('203.0.113.2'));
  await finding(daemon, 'ssh_bruteforce', '203.0.113.1');
  await finding(daemon, 'ssh_bruteforce', '203.0.113.2');
  appendFileSync(own, attack('203.0.113.3'));
  await blocks(daemon, '203.0.113.3');
  assert.deepEqual(await blocked(daemon), ['203.0.113.3']);

  chmodSync(open, 0o640);
  await component(daemon, `file:${open}`, ({ message = '' }) => message === '');
  appendFileSync(open, attack('203.0.113.4'));
  await blocks(daemon, '203.0.113.4');
});

test('lines dated in the future count as five minutes ahead at most, those of the past as old as they say', {
  skip: notRoot,
}, async (t) => {
  const { daemon, directory } = await enforcing(t, '{ path: LOGS/auth.log, parser: sshd }');
  const log = join(directory, 'auth.log');
  const now = Date.now();
  writeFileSync(log, attack('203.0.113.1', now + 400 * DAY), { mode: 0o640 });
  await daemon.start('--enforce');
  await blocks(daemon, '203.0.113.1');
  const { body: list } = await daemon.call('GET', '/api/v1/blocked-ips');
  const { expires_at: ends } = list.find(({ ip }: { ip: string }) => ip === '203.0.113.1');
  assert.ok(
    Math.abs(Date.parse(ends) - Date.now() - 60 * MINUTE) < 10 * MINUTE,
    `an hour from now, not from then: ${ends}`,
  );

  // A year from now does not make today's lines too late to be counted.
  appendFileSync(log, attack('203.0.113.2', now));
  await blocks(daemon, '203.0.113.2');
  // What a log says of three hours ago is found, and a block of one hour is over.
  appendFileSync(log, attack('203.0.113.3', now - 180 * MINUTE));
  await finding(daemon, 'ssh_bruteforce', '203.0.113.3');
  // Four old failures and one of today are not five within ten minutes.
  const old = attack('203.0.113.4', now - 30 * MINUTE)
    .split('\n')
    .slice(0, 4);
  const [fresh = ''] = attack('203.0.113.4', now).split('\n');
  appendFileSync(log, `${[...old, fresh].join('\n')}\n`);
  appendFileSync(log, attack('203.0.113.5', now));
  await blocks(daemon, '203.0.113.5');
  assert.deepEqual(await blocked(daemon), ['203.0.113.1', '203.0.113.2', '203.0.113.5']);
  await daemon.stop();
  const rows = await search(daemon, 'ip = 203.0.113.1 | fields at');
  assert.equal(rows.length, 5);
  for (const { at } of rows) assert.ok(Date.parse(String(at)) <= Date.now() + 5 * MINUTE, String(at));
});
