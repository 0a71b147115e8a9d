import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const ECHO = fileURLToPath(new URL('../support/echo-peer.js', import.meta.url));
const PORT = '7777';
const CLIENT = '192.0.2.2';
const EDGE = '192.0.2.1';

let edge: Namespace;
let client: Namespace;

before(async () => {
  if (notRoot) return;
  edge = new Namespace('edge');
  client = new Namespace('client');
  client.link(edge, [`${CLIENT}/24`], [`${EDGE}/24`]);
  const server = edge.spawn(process.execPath, [ECHO, 'server', '::', PORT]);
  await once(server.stdout ?? assert.fail(), 'data');
});
after(() => {
  if (notRoot) return;
  client[Symbol.dispose]();
  edge[Symbol.dispose]();
});

/** 0 connected, 1 no answer. */
async function connects(): Promise<number> {
  const [code] = await once(client.spawn(process.execPath, [ECHO, 'try', EDGE, PORT]), 'exit');
  return code as number;
}

test('an allow lets packets through whatever is blocked, outlives a kill, and ends by itself', {
  skip: notRoot,
}, async () => {
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
`);
  await daemon.start('--enforce');
  const post = async (path: string, body: object) => (await daemon.call('POST', `/api/v1/${path}`, body)).status;
  const block = () => post('block-ip', { ip: CLIENT, duration: '1h' });
  assert.equal(await block(), 200);
  assert.equal(await connects(), 1, 'blocked');

  assert.equal(await post('firewall/allow-ip', { ip: '192.0.2.0/24', reason: 'probe' }), 200);
  assert.equal(await connects(), 0, 'allowed');
  assert.equal(await block(), 400, 'what is allowed cannot be blocked');
  assert.deepEqual((await daemon.call('GET', '/api/v1/blocked-ips')).body, [], 'its block was lifted');

  await daemon.kill('SIGKILL');
  await daemon.start('--enforce');
  const { body: kept } = await daemon.call('GET', '/api/v1/firewall/allowed');
  assert.deepEqual(
    kept.allowed.map(({ ip, expires_in }: Record<string, string>) => [ip, expires_in]),
    [['192.0.2.0/24', 'permanent']],
  );
  assert.match(await edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'allowed4'), /192\.0\.2\.0\/24/);
  assert.equal(await block(), 400);

  assert.equal(await post('firewall/remove-allow', { ip: '192.0.2.0/24' }), 200);
  assert.equal(await post('firewall/allow-ip', { ip: CLIENT, duration: '1s' }), 200);
  await waitFor('the allow to end', async () => {
    const { body } = await daemon.call('GET', '/api/v1/firewall/allowed');
    return body.allowed.length === 0 ? true : undefined;
  });
  assert.doesNotMatch(await edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'allowed4'), /192\.0\.2\./);
  assert.equal(await block(), 200);
  assert.equal(await connects(), 1, 'blocked again');

  const { body: audit } = await daemon.call('GET', '/api/v1/firewall/audit');
  assert.deepEqual(
    audit.map(({ action }: { action: string }) => action),
    ['block', 'temp_allow_expired', 'allow', 'remove_allow', 'allow', 'unblock', 'block'],
  );
  const { status, body: lifted } = await daemon.call('POST', '/api/v1/unblock-bulk', { ips: [CLIENT, 'x'] });
  assert.deepEqual([status, lifted.total, lifted.succeeded], [200, 2, 1]);
  assert.match(lifted.undo_token, /^[0-9a-f]{16}$/);
  assert.equal(await connects(), 0, 'unblocked');
});
