import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient } from '../support/api-client.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { notRoot } from '../support/namespaces.ts';
import { until } from '../support/until.ts';

const TOKEN = 'a-token-of-the-test-run';

const serialsOf = (ids: readonly string[]) => ids.map((id) => id.split('-')[1]);

const attackFrom = (source: string): string =>
  Array.from({ length: 5 }, (_, i) => {
    const time = new Date(Date.now() - 5000 + i).toISOString();
    return `${time} edge01 sshd[${i}]: Failed password for root from ${source} port 4${i} ssh2\n`;
  }).join('');

test('a client that comes back after kill -9 gets what it missed, once and in order', { skip: notRoot }, async () => {
  await using daemon = new Daemon(await stateDir());
  const log = join(daemon.state, 'auth.log');
  const port = await freePort();
  await writeFile(log, '');
  await daemon.configure(`
webui: { listen: '127.0.0.1:${port}', tokens: [{ name: test, token: ${TOKEN}, scope: read }] }
watchers: { files: [{ path: ${log}, parser: sshd }] }
`);
  await daemon.start();
  const first = await ApiClient.open(daemon.state, port, TOKEN);
  using seen = await first.events();
  await appendFile(log, attackFrom('203.0.113.1'));
  await until('the first finding is there', () => seen.ids.length === 1);
  seen[Symbol.dispose]();
  await appendFile(log, attackFrom('203.0.113.2'));
  await until('the second is kept', async () => (await first.get('/api/v1/findings')).text.includes('203.0.113.2'));
  await daemon.kill();
  await appendFile(log, attackFrom('203.0.113.3'));

  await daemon.start();
  const second = await ApiClient.open(daemon.state, port, TOKEN);
  using again = await second.events(seen.ids.at(-1));
  await appendFile(log, attackFrom('203.0.113.4'));
  await until('all of it is there', () => again.ids.length === 3);
  assert.deepEqual([serialsOf(seen.ids), serialsOf(again.ids)], [['1'], ['2', '3', '4']]);
  assert.notEqual(seen.ids[0]?.split('-')[0], again.ids[0]?.split('-')[0]);
  assert.deepEqual(
    again.received.map((finding) => (finding as { source_ip: string }).source_ip),
    ['203.0.113.2', '203.0.113.3', '203.0.113.4'],
  );
});
