import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const BLOCKED = '203.0.113.9';

async function enforcing(edge: Namespace): Promise<Daemon> {
  const daemon = new Daemon(await stateDir());
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
`);
  await daemon.start('--enforce');
  const made = await daemon.call('POST', '/api/v1/block-ip', { ip: BLOCKED, reason: 'x', duration: '2h' });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return daemon;
}

const ruleset = (edge: Namespace): Promise<string> => edge.run('nft', 'list', 'ruleset');

test('observing after enforcing: what the kernel still drops is said, and can be let go', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = await enforcing(edge);
  await daemon.stop();
  assert.match(await ruleset(edge), /203\.0\.113\.9/, 'blocks stay on stop');
  await daemon.start('--observe');
  const { body: status } = await daemon.call('GET', '/api/v1/status');
  assert.match(status.mode_reason, /earlier run is still in the kernel/);
  const { body: blocks } = await daemon.call('GET', '/api/v1/blocked-ips');
  assert.deepEqual([blocks[0].ip, blocks[0].enforced], [BLOCKED, true]);
  assert.equal((await daemon.call('POST', '/api/v1/unblock-ip', { ip: BLOCKED })).status, 200);
  assert.doesNotMatch(await ruleset(edge), /203\.0\.113\.9/);
  assert.equal((await daemon.call('POST', '/api/v1/mode', { mode: 'observe' })).status, 200);
  assert.equal((await ruleset(edge)).trim(), '');
  assert.equal((await daemon.call('GET', '/api/v1/status')).body.mode_reason, '');
});

test('the step back is taken though the config cannot be written, and that is said', { skip: notRoot }, async () => {
  using edge = new Namespace('edge');
  await using daemon = await enforcing(edge);
  await appendFile(daemon.configFile, '# a hand was here\n');
  const { status, body } = await daemon.call('POST', '/api/v1/mode', { mode: 'observe' });
  assert.equal(status, 200);
  assert.match(body.warning, /until the next start only.*edited since/);
  assert.equal((await ruleset(edge)).trim(), '');
  assert.equal(
    (await daemon.call('POST', '/api/v1/mode', { mode: 'dry_run' })).status,
    500,
    'towards more the file comes first',
  );
  assert.equal((await ruleset(edge)).trim(), '');
});

test('a flushed ruleset is put back within a second, and said in status and findings', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = await enforcing(edge);
  await edge.run('nft', 'flush', 'ruleset');
  await waitFor('the block to be back', async () => ((await ruleset(edge)).includes(BLOCKED) ? true : undefined), {
    withinMs: 1000,
  });
  const { body: status } = await daemon.call('GET', '/api/v1/status');
  assert.deepEqual([status.mode, status.enforcement.ratio, status.enforcement.lowest_ratio], ['enforce', 1, 0]);
  assert.equal(status.enforcement.held, status.enforcement.desired);
  const found = await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return body.find(({ check }: { check: string }) => check === 'firewall_drift');
  });
  assert.match(found.message, /the table was removed or changed, by nft \(process \d+\), .* 0 % .* put back after/);
});
