import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, NODE_FLAGS, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const ANY = { 'if-match': '*' };

async function configured(text: string): Promise<Daemon> {
  const daemon = new Daemon(await stateDir());
  await daemon.configure(`# by hand\nwebui: { listen: '127.0.0.1:${await freePort()}' }\n${text}`);
  return daemon;
}

const cli = (daemon: Daemon, ...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [
    ...NODE_FLAGS,
    join(ROOT, 'dist/bundle/main.js'),
    ...args,
    '--state',
    daemon.state,
  ]);

test('a setting that waits is in effect after the restart that was asked for, and the run has another token', async () => {
  await using daemon = await configured('log: { level: info } # for now\n');
  const ended = daemon.launch();
  await waitFor('the daemon to answer', async () =>
    (await daemon.call('GET', '/api/v1/status').catch(() => undefined))?.status === 200 ? true : undefined,
  );
  const read = await daemon.call('GET', '/api/v1/settings/log');
  const written = await daemon.call(
    'POST',
    '/api/v1/settings/log',
    { changes: { level: 'warn' } },
    {
      'if-match': read.body.etag,
    },
  );
  assert.deepEqual(
    [written.status, written.body.requires_restart, written.body.pending_restart],
    [200, ['log.level'], true],
    JSON.stringify(written.body),
  );
  assert.match(await readFile(daemon.configFile, 'utf8'), /^# by hand\n[\s\S]*log: \{ level: warn \} # for now\n$/);
  const asked = await daemon.call('POST', '/api/v1/settings/restart');
  assert.deepEqual([asked.status, asked.body.status], [202, 'restart issued']);
  assert.equal(await ended, 75);
  await daemon.start();
  const { body: status } = await daemon.call('GET', '/api/v1/status');
  assert.notEqual(status.started_at_token, asked.body.started_at_token);
  assert.equal((await daemon.call('GET', '/api/v1/settings/log')).body.pending_restart, false);
});

test('live settings take effect as they are written, or taken over from the file', { skip: notRoot }, async () => {
  using edge = new Namespace('edge');
  await using daemon = await configured(`firewall: { enabled: true, netns: ${edge.name} }\n`);
  await daemon.start();
  const mode = async () => (await daemon.call('GET', '/api/v1/status')).body.mode;
  assert.equal(await mode(), 'enforce');
  const post = (changes: object) => daemon.call('POST', '/api/v1/settings/auto_response', { changes }, ANY);
  assert.equal((await post({ dry_run: true })).status, 200);
  assert.equal(await mode(), 'dry_run');
  assert.equal((await post({ block_expiry: 'soon' })).status, 422);
  assert.equal((await post({ dry_run: false, block_expiry: '2h' })).status, 200);
  assert.equal(await mode(), 'enforce');
  await appendFile(daemon.configFile, 'events: { keep: 7d }\n# and this\n');
  assert.equal((await post({ dry_run: true })).status, 412);
  const { stdout } = await cli(daemon, 'config-reload');
  assert.equal(stdout, 'taken over: events.keep\n');
  assert.equal((await post({ dry_run: true })).status, 200);
  await appendFile(daemon.configFile, 'nonsense: 1\n');
  await assert.rejects(cli(daemon, 'config-reload'), /nonsense: line \d+: unknown key/);
});

test('between two runs the kernel goes on dropping, whatever becomes of the table at a stop', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = await configured(`firewall: { enabled: true, netns: ${edge.name}, on_stop: remove }\n`);
  const ended = daemon.launch();
  await waitFor('the daemon to answer', async () =>
    (await daemon.call('GET', '/api/v1/status').catch(() => undefined))?.status === 200 ? true : undefined,
  );
  await daemon.call('POST', '/api/v1/block-ip', { ip: '203.0.113.9', reason: 'x' });
  await daemon.call('POST', '/api/v1/settings/restart');
  assert.equal(await ended, 75);
  assert.match(await edge.run('nft', 'list', 'ruleset'), /203\.0\.113\.9/);
});
