import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../support/api-client.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { failToLogIn, startSshSite } from '../support/ssh-site.ts';
import { waitFor } from '../support/wait-for.ts';

const ECHO = fileURLToPath(new URL('../support/echo-peer.js', import.meta.url));
const EDGE = '192.0.2.1';
const ATTACKER = '192.0.2.2';
const NEIGHBOUR_SIDE = '198.51.100.1';
const ECHO_PORT = '7000';
const TOKEN = 'first-light-admin-token-0123456789abcdef';

/** Attacker and neighbour on their own cables to the edge, where sshd, rsyslogd and an echo server run. */
class Site {
  readonly edge = new Namespace('edge');
  readonly attacker = new Namespace('attacker');
  readonly neighbour = new Namespace('neighbour');

  constructor() {
    this.attacker.link(this.edge, [`${ATTACKER}/24`], [`${EDGE}/24`]);
    this.neighbour.link(this.edge, ['198.51.100.2/24'], [`${NEIGHBOUR_SIDE}/24`]);
  }

  async serveEcho(): Promise<void> {
    const server = this.edge.spawn(process.execPath, [ECHO, 'server', '::', ECHO_PORT]);
    await once(server.stdout ?? assert.fail(), 'data');
  }

  /** 0 connected, 1 no answer, 2 refused. */
  async connects(from: Namespace, to: string): Promise<number> {
    const child = from.spawn(process.execPath, [ECHO, 'try', to, ECHO_PORT]);
    const [code] = await once(child, 'exit');
    return code as number;
  }

  /** A connection that stays open, and what has come back on it. */
  async open(from: Namespace, to: string) {
    const child = from.spawn(process.execPath, [ECHO, 'client', to, ECHO_PORT]);
    let heard = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    await waitFor('the open connection', () => (heard.includes('connected') ? true : undefined));
    return {
      say: (word: string) => child.stdin?.write(`${word}\n`),
      hears: (word: string, withinMs = 5000) =>
        waitFor(`the answer ${word}`, () => (heard.includes(word) ? true : undefined), { withinMs }),
      heard: () => heard,
    };
  }

  [Symbol.dispose](): void {
    for (const space of [this.attacker, this.neighbour, this.edge]) space[Symbol.dispose]();
  }
}

const config = (port: number, edge: string, log: string, enforce: boolean): string => `
hostname: edge01
webui:
  listen: 127.0.0.1:${port}
  tokens:
    - name: test
      token: ${TOKEN}
      scope: admin
firewall:
  enabled: ${enforce}
  netns: ${edge}
watchers:
  files:
    - path: ${log}
      parser: sshd
`;

let site: Site;
let log: string;
let scratch: string;

before(async () => {
  if (notRoot) return;
  scratch = await stateDir();
  site = new Site();
  ({ log } = await startSshSite(site.edge, join(scratch, 'site')));
  await site.serveEcho();
});
after(() => {
  if (!notRoot) site[Symbol.dispose]();
});

test('a brute force through real sshd and rsyslogd is found, told and cut; unblock restores', {
  skip: notRoot,
}, async () => {
  await using daemon = new Daemon(await stateDir());
  const port = await freePort();
  await daemon.configure(config(port, site.edge.name, log, true));
  await daemon.start();
  const client = await ApiClient.open(daemon.state, port, TOKEN);
  using stream = await client.events();
  const attackers = await site.open(site.attacker, EDGE);
  const neighbours = await site.open(site.neighbour, NEIGHBOUR_SIDE);
  attackers.say('before');
  await attackers.hears('before');

  await Promise.all([
    failToLogIn(site.attacker, EDGE, 'root', scratch),
    failToLogIn(site.attacker, EDGE, 'admin', scratch),
  ]);

  const findings = await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return body.length > 0 ? body : undefined;
  });
  assert.equal(findings[0].check, 'ssh_bruteforce');
  assert.match(findings[0].message, new RegExp(ATTACKER.replaceAll('.', '\\.')));
  await waitFor('the stream', () => (stream.received.length > 0 ? true : undefined));
  assert.equal((stream.received[0] as { source_ip: string }).source_ip, ATTACKER);
  const blocked = await waitFor('the block', async () => {
    const { body } = await daemon.call('GET', '/api/v1/blocked-ips');
    return body.length > 0 ? body : undefined;
  });
  assert.equal(blocked[0].ip, ATTACKER);
  assert.equal(blocked[0].source, 'auto_response');
  const elements = await waitFor('the element', async () => {
    const text = await site.edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'blocked4');
    return text.includes(ATTACKER) ? text : undefined;
  });
  assert.match(elements, /comment "[0-9a-f-]{36}"/);

  assert.equal(await site.connects(site.attacker, EDGE), 1, 'a new connection gets no answer');
  assert.equal(await site.connects(site.neighbour, NEIGHBOUR_SIDE), 0, 'the neighbour is let in');
  attackers.say('during');
  neighbours.say('neighbour');
  await neighbours.hears('neighbour');
  await assert.rejects(attackers.hears('during', 1000), 'the open connection gets no answer');

  assert.equal((await daemon.call('POST', '/api/v1/unblock-ip', { ip: ATTACKER })).status, 200);
  await attackers.hears('during', 15_000);
  assert.equal(await site.connects(site.attacker, EDGE), 0);
  assert.doesNotMatch(await site.edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'blocked4'), /192\.0\.2\.2/);
});

test('observing finds the same and leaves the kernel alone', { skip: notRoot }, async () => {
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(config(await freePort(), site.edge.name, log, true));
  const before = await site.edge.run('nft', 'list', 'ruleset');
  await daemon.start('--observe');
  const findings = await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return body.length > 0 ? body : undefined;
  });
  assert.equal(findings[0].check, 'ssh_bruteforce');
  const status = await waitFor('the decision on record', async () => {
    const { body } = await daemon.call('GET', '/api/v1/status');
    return body.dry_run_blocks > 0 ? body : undefined;
  });
  assert.equal(status.mode, 'observe');
  const refused = await daemon.call('POST', '/api/v1/block-ip', { ip: '203.0.113.9', reason: 'x', duration: '1h' });
  assert.equal(refused.status, 503);
  assert.match(refused.body.error, /observ/);
  assert.equal(await site.edge.run('nft', 'list', 'ruleset'), before);
});
