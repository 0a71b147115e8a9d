import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Daemon, NODE_FLAGS, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));
const ECHO = fileURLToPath(new URL('../support/echo-peer.js', import.meta.url));
const PORT = '7777';
const EDGE = '192.0.2.1';
const FAILURES = 5;

/** A daemon that enforces in a namespace and follows a log of the test's own. */
class Site {
  readonly edge = new Namespace('edge');
  readonly daemon: Daemon;
  readonly log: string;
  readonly #port: number;

  constructor(state: string, port: number) {
    this.daemon = new Daemon(state);
    this.log = join(state, 'auth.log');
    this.#port = port;
  }

  async configure(automation: string): Promise<void> {
    await this.daemon.configure(`
webui: { listen: '127.0.0.1:${this.#port}' }
firewall: { enabled: true, netns: ${this.edge.name} }
auto_response: { ${automation} }
watchers: { files: [{ path: ${this.log}, parser: sshd }] }
`);
  }

  /** Each of them fails to log in until that is an attack. */
  async attack(sources: readonly string[], hoursAgo = 0): Promise<void> {
    const time = new Date(Date.now() - hoursAgo * 3_600_000).toISOString();
    const failures = sources.flatMap((source) =>
      Array.from(
        { length: FAILURES },
        (_, i) => `${time} edge01 sshd[${i}]: Failed password for root from ${source} port ${4000 + i} ssh2\n`,
      ),
    );
    await appendFile(this.log, failures.join(''));
  }

  /** Keys of a set in the kernel. */
  async held(set: string): Promise<readonly string[]> {
    const listed = JSON.parse(await this.edge.run('nft', '-j', 'list', 'set', 'inet', 'bartizan', set)) as Listed;
    const elements = listed.nftables.flatMap((one) => one.set?.elem ?? []);
    return elements.map(({ elem: { val } }) =>
      typeof val === 'string' ? val : `${val.prefix.addr}/${val.prefix.len}`,
    );
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.daemon.call('GET', `/api/v1/${path}`);
    assert.equal(status, 200, path);
    return body as T;
  }

  async cli(...args: readonly string[]): Promise<string> {
    const given = [...NODE_FLAGS, MAIN, ...args, '--state', this.daemon.state];
    return (await promisify(execFile)(process.execPath, given)).stdout;
  }

  async settles(blocked: number, pending: number): Promise<void> {
    let seen: readonly number[] = [];
    await waitFor(`${blocked} blocked, ${pending} waiting`, async () => {
      const { pending_count, blocked_count } = await this.get<Record<string, number>>('firewall/status');
      const kernel = (await this.held('blocked4')).length;
      seen = [blocked_count ?? -1, kernel, pending_count ?? -1];
      return seen.join() === [blocked, blocked, pending].join() ? true : undefined;
    }).catch((cause: unknown) => assert.fail(`${String(cause)}; last seen ${seen.join()}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    this.edge[Symbol.dispose]();
  }
}

interface Listed {
  readonly nftables: readonly {
    readonly set?: {
      readonly elem?: readonly {
        readonly elem: { readonly val: string | { readonly prefix: { readonly addr: string; readonly len: number } } };
      }[];
    };
  }[];
}

interface Pending {
  readonly ip: string;
}

async function site(automation: string): Promise<Site> {
  const made = new Site(await stateDir(), await freePort());
  await writeFile(made.log, '');
  await made.configure(automation);
  await made.daemon.start();
  return made;
}

const sources = (from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `203.0.113.${from + i}`);

test('of 60 attackers 50 are cut and 10 wait, whatever is killed meanwhile; they get in as there is room', {
  skip: notRoot,
  timeout: 120_000,
}, async () => {
  await using edge = await site('max_blocks_per_hour: 50');
  await edge.attack(sources(1, 45));
  await edge.daemon.kill();
  await edge.attack(sources(46, 10));
  await edge.daemon.start();
  await edge.settles(50, 5);
  const first = (await edge.get<readonly Pending[]>('pending-blocks')).map(({ ip }) => ip);
  await edge.attack(sources(56, 5));
  await edge.settles(50, 10);
  await edge.daemon.kill();
  await edge.daemon.start();
  await edge.settles(50, 10);
  const rows = (await edge.get<readonly Pending[]>('pending-blocks')).map(({ ip }) => ip);
  assert.deepEqual(rows.slice(0, 5), first, 'who waits longest comes first');

  const [gone = '', stays = ''] = rows;
  const blocked = await edge.held('blocked4');
  assert.deepEqual([...rows, ...blocked].sort(), [...sources(1, 60)].sort(), 'each is blocked or waits, once');
  const shown = await edge.cli('blocks');
  assert.equal(shown.match(/its turn to come/g)?.length, 10);
  assert.equal(shown.match(/ drops /g)?.length, 50);
  assert.match(await edge.cli('status'), /blocked +50, 10 waiting for their turn/);

  assert.match(await edge.cli('unblock', gone), /is no longer blocked/);
  await edge.settles(50, 9);

  await edge.daemon.kill();
  await edge.configure('max_blocks_per_hour: 52');
  await edge.daemon.start();
  await edge.settles(52, 7);
  assert.ok((await edge.held('blocked4')).includes(stays), 'the first in line was let through');
  await edge.daemon.stop();
  await edge.configure('max_blocks_per_hour: 0');
  await edge.daemon.start();
  await edge.settles(59, 0);
  assert.ok(!(await edge.held('blocked4')).includes(gone));
});

test('three blocked addresses of a network block it: a fourth is dropped, an allowed one passes, an unblock lifts it', {
  skip: notRoot,
  timeout: 120_000,
}, async () => {
  await using edge = await site('netblock: true');
  using client = new Namespace('client');
  const [attackers, fourth, allowed] = [sources(10, 3), '203.0.113.13', '203.0.113.14'];
  client.link(edge.edge, ['192.0.2.2/24', ...[fourth, allowed].map((ip) => `${ip}/32`)], [`${EDGE}/24`]);
  edge.edge.ip('route', 'add', '203.0.113.0/24', 'via', '192.0.2.2');
  const server = edge.edge.spawn(process.execPath, [ECHO, 'server', '::', PORT]);
  await once(server.stdout ?? assert.fail(), 'data');
  const connects = async (from: string): Promise<boolean> => {
    client.ip('route', 'replace', `${EDGE}/32`, 'via', EDGE, 'src', from, 'onlink', 'dev', deviceOf(client));
    const [code] = await once(client.spawn(process.execPath, [ECHO, 'try', EDGE, PORT]), 'exit');
    return code === 0;
  };

  await edge.attack(attackers.slice(0, 2));
  await edge.settles(2, 0);
  assert.deepEqual(await edge.held('blocked_nets4'), []);
  assert.ok(await connects(fourth));
  await edge.cli('allow', allowed);
  await edge.attack(attackers.slice(2));
  await waitFor('the network', async () => ((await edge.held('blocked_nets4')).length > 0 ? true : undefined));
  assert.deepEqual(await edge.held('blocked_nets4'), ['203.0.113.0/24']);
  assert.equal(await connects(fourth), false, 'of the network');
  assert.ok(await connects(allowed), 'allowed');

  for (const again of ['killed', 'table gone'] as const) {
    if (again === 'killed') await edge.daemon.kill();
    else await edge.edge.run('nft', 'delete', 'table', 'inet', 'bartizan');
    if (again === 'killed') await edge.daemon.start();
    const held = () => edge.held('blocked_nets4').catch(() => []);
    await waitFor(`the network, ${again}`, async () => ((await held()).length === 1 ? true : undefined));
    assert.equal(await connects(fourth), false, again);
  }
  const [network] = await edge.get<readonly Record<string, unknown>[]>('firewall/subnets');
  assert.deepEqual(
    [network?.['cidr'], network?.['source'], network?.['enforced']],
    ['203.0.113.0/24', 'auto_response', true],
  );
  assert.match(await edge.cli('blocks'), /203\.0\.113\.0\/24 .* drops +auto_response +3 addresses of/);
  const { status, body } = await edge.daemon.call('POST', '/api/v1/unblock-ip', { ip: attackers[0] });
  assert.deepEqual([status, body.warning], [200, 'its network 203.0.113.0/24 is blocked still']);

  assert.match(await edge.cli('unblock', '203.0.113.0/24'), /203\.0\.113\.0\/24 is no longer blocked/);
  assert.deepEqual(await edge.held('blocked_nets4'), []);
  assert.ok(await connects(fourth));
  assert.deepEqual([...(await edge.held('blocked4'))].sort(), attackers.slice(1), 'its addresses stay');
  const { body: audit } = await edge.daemon.call('GET', '/api/v1/firewall/audit');
  const actions = audit.map(({ action, ip }: Record<string, string>) => `${action} ${ip}`);
  for (const action of ['block_subnet', 'unblock_subnet']) assert.ok(actions.includes(`${action} 203.0.113.0/24`));
});

test('of IPv6 the /64 is blocked, by what its addresses did hour after hour', { skip: notRoot }, async () => {
  await using edge = await site('netblock: true');
  // A /64 is one source: several of its addresses at a time are one attack.
  for (const hour of [3, 2, 1]) await edge.attack([`2001:db8:1::${hour}`], hour);
  const held = () => edge.held('blocked_nets6');
  assert.deepEqual(await waitFor('the network', async () => ((await held()).length > 0 ? await held() : undefined)), [
    '2001:db8:1::/64',
  ]);
  assert.match(await edge.cli('unblock', '2001:db8:1::/64'), /is no longer blocked/);
  assert.deepEqual([await held(), (await edge.held('blocked6')).length], [[], 3]);
});

/** The one cable of the namespace. */
const deviceOf = (space: Namespace): string => /\d+: (v\w+)@/.exec(space.ip('link'))?.[1] ?? assert.fail('no cable');
