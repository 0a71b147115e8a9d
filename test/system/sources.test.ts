import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, chown, mkdir, open, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { noOutsider } from '../support/outsider.ts';
import { waitFor } from '../support/wait-for.ts';

interface Seen {
  readonly name: string;
  readonly state: string;
  readonly message?: string;
  readonly counters: Readonly<Record<string, number>>;
}

const START = Date.now() - 600_000;
let clock = 0;

/** Five failures of one source, told apart by their port: one finding. */
const attack = (ip: string): string =>
  Array.from({ length: 5 }, (_, i) => {
    const at = new Date(START + 1000 * clock++).toISOString();
    return `${at} edge01 sshd[77]: Failed password for root from ${ip} port ${4000 + i} ssh2\n`;
  }).join('');

async function observing(file: string): Promise<Daemon> {
  const daemon = new Daemon(await stateDir());
  const path = join(daemon.state, file);
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
watchers: { files: [{ path: ${path}, parser: sshd }] }
`);
  return daemon;
}

const components = async (daemon: Daemon): Promise<readonly Seen[]> =>
  (await daemon.call('GET', '/api/v1/status')).body.components;

const sourceOf = (daemon: Daemon, wanted: (seen: Seen) => boolean): Promise<Seen> =>
  waitFor('the source to say so', async () =>
    (await components(daemon)).find((seen) => seen.name.startsWith('file:') && wanted(seen)),
  );

async function found(daemon: Daemon, ...ips: readonly string[]): Promise<void> {
  await waitFor(
    `findings of ${ips.join(', ')}`,
    async () => {
      const { body } = await daemon.call('GET', '/api/v1/findings');
      const seen = new Set(body.map(({ source_ip }: { source_ip: string }) => source_ip));
      return ips.every((ip) => seen.has(ip)) ? true : undefined;
    },
    { withinMs: 30_000 },
  );
}

test('a log that appears later, is rotated, truncated, holds binary and a 1 GB line: followed through it all', async () => {
  await using daemon = await observing('logs/auth.log');
  const directory = join(daemon.state, 'logs');
  const log = join(directory, 'auth.log');
  await daemon.start();
  const waiting = await sourceOf(daemon, ({ state }) => state === 'waiting');
  assert.match(`${waiting.name} ${waiting.message}`, /auth\.log .*as soon as it appears/);

  await mkdir(directory);
  await writeFile(log, attack('203.0.113.1'));
  await found(daemon, '203.0.113.1');

  await appendFile(log, Buffer.from([...Buffer.from('\0\0\x01garbage\x7f\xff\xfe'), 10]));
  await appendFile(log, attack('203.0.113.2'));
  await found(daemon, '203.0.113.2');

  await rename(log, `${log}.1`);
  await appendFile(`${log}.1`, attack('203.0.113.3'));
  await writeFile(log, attack('203.0.113.4'));
  await found(daemon, '203.0.113.3', '203.0.113.4');

  await truncate(log, 0);
  await appendFile(log, attack('203.0.113.5'));
  await found(daemon, '203.0.113.5');

  const handle = await open(log, 'a');
  const { size } = await handle.stat();
  await handle.truncate(size + 2 ** 30);
  await handle.close();
  await appendFile(log, `\n${attack('203.0.113.6')}`);
  await found(daemon, '203.0.113.6');

  const pipeline = (await components(daemon)).find(({ name }) => name === 'pipeline');
  assert.equal(pipeline?.counters['unparsed binary'], 1);
  assert.equal(pipeline?.counters['unparsed too-long'], 1);
  assert.equal(pipeline?.counters['events'], 30);
  assert.equal(pipeline?.counters['findings'], 6);
  const { body } = await daemon.call('GET', '/api/v1/status');
  assert.equal(body.history_count, 6);
});

test('an unreadable log is said to be so, with what to do, and read as soon as it can be', {
  skip: noOutsider,
}, async () => {
  await using daemon = await observing('auth.log');
  const log = join(daemon.state, 'auth.log');
  await writeFile(log, attack('203.0.113.7'));
  await chmod(log, 0o000);
  for (const file of [daemon.state, daemon.configFile]) await chown(file, 65_534, 65_534);
  await daemon.startAsNobody();
  const degraded = await sourceOf(daemon, ({ state }) => state !== 'ok' && state !== 'starting');
  assert.match(degraded.message ?? '', /permission/i);
  assert.match(degraded.message ?? '', /root|group/);
  await chmod(log, 0o644);
  await found(daemon, '203.0.113.7');
});

for (const [what, yaml, expected] of [
  ['an unknown key', 'firewall:\n  tabel: x\n', /bartizan\.yaml:2:3: firewall\.tabel: unknown key/],
  ['a source of an unknown kind', 'watchers:\n  snmp: true\n', /bartizan\.yaml:2:3: watchers\.snmp/],
  ['a wrong type', 'firewall: { enabled: maybe }\n', /bartizan\.yaml:1:22: firewall\.enabled/],
  ['no YAML', 'firewall: {\n', /bartizan\.yaml:2:1: not valid YAML/],
] as const)
  test(`${what} in the config: refused with file, line and key, exit code 5`, async () => {
    await using daemon = new Daemon(await stateDir());
    await daemon.configure(yaml);
    assert.equal(await daemon.launch(), 5);
    assert.match(daemon.output, expected);
  });

test('a second daemon on the same state directory is told that one runs', async () => {
  await using daemon = await observing('auth.log');
  await daemon.start();
  const second = new Daemon(daemon.state);
  assert.equal(await second.launch(), 1);
  assert.match(second.output, /another|running|locked/i);
  assert.equal((await daemon.call('GET', '/api/v1/health')).status, 200);
});

test('a taken port does not keep it from watching; the start says so', async () => {
  await using first = await observing('auth.log');
  await first.start();
  await using second = new Daemon(await stateDir());
  const listen = /https:\/\/(127\.0\.0\.1:\d+)/.exec(first.output)?.[1] ?? assert.fail(first.output);
  await second.configure(`webui: { listen: '${listen}' }\n`);
  second.launch().catch(() => {});
  await waitFor('the word about the port', () => (/cannot listen on/.test(second.output) ? true : undefined));
  assert.match(second.output, /another program does already/);
  execFileSync('kill', ['-0', String(second.pid)]);
});
