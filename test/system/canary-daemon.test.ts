/**
 * The whole daemon tells by its canaries what no look at its own table can: every rule and element stands, and blocked
 * sources get through all the same, because somebody else's rules rewrite them first.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiClient } from '../support/api-client.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const BLOCKED = '203.0.113.9';
const TOKEN = 'canary-admin-token-0123456789abcdef';
const TRANSLATOR = [
  'add table ip translator',
  'add chain ip translator pre { type filter hook prerouting priority raw; }',
  'add rule ip translator pre ip saddr 203.0.113.0/24 ip saddr set 10.9.9.9',
];

interface Part {
  readonly name: string;
  readonly state: string;
  readonly message?: string;
}

interface Seen {
  readonly check: string;
  readonly severity: unknown;
  readonly message: string;
}

test('a blocked source that is rewritten ahead of the rules: finding, component, metrics; all well when it ends', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = new Daemon(await stateDir());
  const port = await freePort();
  await daemon.configure(`
webui: { listen: '127.0.0.1:${port}', tokens: [{ name: test, token: ${TOKEN}, scope: admin }] }
firewall: { enabled: true, netns: ${edge.name}, canary_interval: 5s }
infra_ips: [10.1.0.0/24]
watchers: { files: [] }
`);
  await daemon.start();
  const canary = async (): Promise<Part | undefined> =>
    ((await daemon.call('GET', '/api/v1/components')).body as readonly Part[]).find(({ name }) => name === 'canary');
  const becomes = (state: string): Promise<Part> =>
    waitFor(
      `the canaries: ${state}`,
      async () => {
        const part = await canary();
        return part?.state === state ? part : undefined;
      },
      { withinMs: 30_000 },
    );
  const client = await ApiClient.open(daemon.state, port, TOKEN);
  const metric = async (line: string): Promise<boolean> =>
    (await client.get('/metrics')).text.includes(`bartizan_firewall_canary_${line}\n`);

  const asked = { ip: BLOCKED, reason: 'by hand', duration: '1h' };
  assert.equal((await daemon.call('POST', '/api/v1/block-ip', asked)).status, 200);
  await waitFor('a round', async () => ((await canary())?.state === 'ok' ? true : undefined), { withinMs: 30_000 });

  await edge.run('nft', TRANSLATOR.join('; '));
  const { message } = await becomes('failed');
  assert.match(message ?? '', /blocked sources whose packets get through: 1 of those tried/);
  assert.ok(await metric('astray{result="missed"} 1'));
  const finding = await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return (body as readonly Seen[]).find(({ check }) => check === 'firewall_canary');
  });
  assert.match(finding.message, new RegExp(`${BLOCKED.replaceAll('.', '\\.')} \\(blocked\\)`));
  const table = await edge.run('nft', 'list', 'table', 'inet', 'bartizan');
  assert.ok(table.includes(BLOCKED), 'by the look of it nothing is wrong');

  await edge.run('nft', 'delete table ip translator');
  await becomes('ok');
  assert.ok(await metric('astray{result="missed"} 0'));
  await daemon.stop();
  assert.doesNotMatch(await edge.run('nft', 'list', 'tables'), /canary/);
  assert.doesNotMatch(edge.ip('-br', 'link'), /bzc/);
});
