import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient } from '../support/api-client.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';

const TOKEN = 'a-token-of-thirty-characters-or-so';

/** Five failures of one source within the last minute: one finding. */
const attack = (ip: string): string =>
  Array.from({ length: 5 }, (_, i) => {
    const at = new Date(Date.now() - 60_000 + i * 1000).toISOString();
    return `${at} edge01 sshd[77]: Failed password for root from ${ip} port ${4000 + i} ssh2\n`;
  }).join('');

test('history, statistics and what was said of findings outlive a kill; the suppressed cause nothing', async () => {
  await using daemon = new Daemon(await stateDir());
  const log = join(daemon.state, 'auth.log');
  await writeFile(log, '');
  const port = await freePort();
  await daemon.configure(`
webui: { listen: '127.0.0.1:${port}', tokens: [{ name: operator, token: ${TOKEN}, scope: admin }] }
watchers: { files: [{ path: ${log}, parser: sshd }] }
`);
  await daemon.start();
  const get = async (path: string) => (await daemon.call('GET', `/api/v1/${path}`)).body;
  const total = (query: string, count: number) =>
    waitFor(`${count} findings in history?${query}`, async () =>
      (await get(`history?${query}`)).total === count ? true : undefined,
    );
  await appendFile(log, attack('203.0.113.1') + attack('203.0.113.2'));
  await total('', 2);
  const source = await waitFor('the source to tell of its last line', async () =>
    (await get('components')).find(({ last_event_ago }: Record<string, unknown>) => last_event_ago !== undefined),
  );
  assert.deepEqual([source.label, source.status], [`Log file ${log}`, 'ok']);

  const { message } = (await get('findings'))[0];
  await daemon.call('POST', '/api/v1/dismiss', { key: `ssh_bruteforce:${message}` });
  const made = await daemon.call('POST', '/api/v1/suppressions', { check: 'ssh_bruteforce', reason: 'a drill' });
  await appendFile(log, attack('203.0.113.3'));
  await total('suppressed=only', 1);

  const look = async () => ({
    count: (await get('status')).history_count,
    rows: (await get('history')).findings.map(({ ip }: { ip: string }) => ip),
    hidden: (await get('history?suppressed=only')).findings.map(({ ip }: { ip: string }) => ip),
    findings: await get('findings'),
    day: (await get('stats')).last_24h,
    attackers: (await get('stats')).brute_force.unique_ips,
    rules: (await get('suppressions')).map(({ id }: { id: string }) => id),
  });
  const before = await look();
  assert.deepEqual(before, {
    count: 2,
    rows: ['203.0.113.2', '203.0.113.1'],
    hidden: ['203.0.113.3'],
    findings: [],
    day: { critical: 0, high: 2, warning: 0, total: 2 },
    attackers: 2,
    rules: [made.body.id],
  });
  assert.equal((await get('status')).dry_run_blocks, 2, 'the suppressed finding decided nothing');

  await daemon.kill('SIGKILL');
  await daemon.start();
  assert.deepEqual(await look(), before);

  await daemon.call('DELETE', '/api/v1/suppressions', { id: made.body.id });
  const left = (await get('findings')).map(({ source_ip }: { source_ip: string }) => source_ip);
  assert.equal(left.length, 1, 'the dismissed one stays out of view, the suppressed one too');

  const client = await ApiClient.open(daemon.state, port, TOKEN);
  const csv = (await client.get('/api/v1/history/csv')).text.split('\r\n');
  assert.deepEqual([csv.length, csv[0]], [4, 'Timestamp,Severity,Check,Message,Details']);
  assert.match(csv[1] ?? '', /,HIGH,ssh_bruteforce,.*203\.0\.113\.2/);
});
