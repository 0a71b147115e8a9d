/**
 * The whole daemon through a guarded hand: what it finds in a real sshd's log, lists, features and trials come into the
 * kernel by the hand alone, which judges each table of theirs, and packets say what follows.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { HandSite } from '../support/net-hand.ts';
import { failToLogIn, startSshSite } from '../support/ssh-site.ts';
import { waitFor } from '../support/wait-for.ts';

const ECHO = fileURLToPath(new URL('../support/echo-peer.js', import.meta.url));
const EDGE = '192.0.2.1';
const ATTACKER = '192.0.2.2';
/** On a list, on the same cable as the attacker. */
const LISTED = '192.0.2.3';
const OTHER_EDGE = '198.51.100.1';
const NEIGHBOUR = '198.51.100.2';
const OPEN = 7000;
const RESTRICTED = 7001;
/** What the hand never cuts, and the configuration's infra has to hold. */
const FLOOR = ['203.0.113.0/24', '2001:db8:f::/48'];

let edge: Namespace;
let attacker: Namespace;
let neighbour: Namespace;
let hand: HandSite;
let scratch: string;
let log: string;

before(async () => {
  if (notRoot) return;
  edge = new Namespace('edge');
  attacker = new Namespace('attack');
  neighbour = new Namespace('near');
  attacker.link(edge, [`${ATTACKER}/24`, `${LISTED}/24`, '203.0.113.9/32'], [`${EDGE}/24`]);
  neighbour.link(edge, [`${NEIGHBOUR}/24`], [`${OTHER_EDGE}/24`]);
  edge.ip('route', 'add', '203.0.113.9', 'via', ATTACKER);
  for (const port of [OPEN, RESTRICTED]) {
    const server = edge.spawn(process.execPath, [ECHO, 'server', '::', String(port)]);
    await once(server.stdout ?? assert.fail(), 'data');
  }
  scratch = await stateDir();
  ({ log } = await startSshSite(edge, join(scratch, 'site')));
  hand = new HandSite(edge.name);
  const floor = join(hand.folder, 'floor');
  writeFileSync(floor, `${FLOOR.join('\n')}\n`, { mode: 0o600 });
  await hand.start({}, ['--floor', floor]);
});
after(async () => {
  await hand?.dispose();
  for (const space of [neighbour, attacker, edge]) space?.[Symbol.dispose]();
});

/** Whether a connection comes about. */
async function connects(from: Namespace, to: string, port: number, source?: string): Promise<boolean> {
  const words = ['try', to, String(port), ...(source === undefined ? [] : [source])];
  const [code] = await once(from.spawn(process.execPath, [ECHO, ...words]), 'exit');
  return code === 0;
}

test('log line, list, feature, allowed port and trial, by the hand alone', { skip: notRoot }, async (t) => {
  await using daemon = new Daemon(await stateDir());
  const list = join(scratch, 'bad.txt');
  writeFileSync(list, `${LISTED}\n203.0.113.0/24\n`);
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
infra_ips: [${FLOOR.map((network) => `'${network}'`).join(', ')}]
firewall:
  enabled: true
  netns: ${edge.name}
  engine: hand
  hand_socket: ${hand.socket}
  canary: false
  restricted_tcp: [${RESTRICTED}]
lists: [{ name: bad, source: ${list}, refresh: 1h }]
watchers: { files: [{ path: ${log}, parser: sshd }] }
`);
  await daemon.start('--enforce');
  const get = async (path: string) => (await daemon.call('GET', `/api/v1/${path}`)).body;
  const post = async (path: string, body: object) => {
    const answer = await daemon.call('POST', `/api/v1/${path}`, body, { 'if-match': '*' });
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  assert.equal((await get('status')).engine.firewall, 'net hand');

  await t.test('a list', async () => {
    await post('firewall/lists/refresh', { name: 'bad' });
    const inForce = async () => ((await get('firewall/lists')).lists[0].in_kernel ? true : undefined);
    await waitFor('the list to be in force', inForce);
    assert.equal(await connects(attacker, EDGE, OPEN, LISTED), false, 'is on the list');
    assert.equal(await connects(attacker, EDGE, OPEN, '203.0.113.9'), true, 'is of the floor, and on the list');
  });

  await t.test('a restricted port, and who is allowed to it', async () => {
    assert.equal(await connects(neighbour, OTHER_EDGE, OPEN), true);
    assert.equal(await connects(neighbour, OTHER_EDGE, RESTRICTED), false, 'restricted');
    await post('firewall/allow-ip', {
      ip: NEIGHBOUR,
      ports: [{ protocol: 'tcp', port: RESTRICTED }],
      reason: 'works there',
    });
    assert.equal(await connects(neighbour, OTHER_EDGE, RESTRICTED), true, 'allowed there');
  });

  await t.test('who fails to log in is blocked, and let in again', async () => {
    assert.equal(await connects(attacker, EDGE, OPEN), true);
    await Promise.all(['root', 'admin'].map((user) => failToLogIn(attacker, EDGE, user, scratch)));
    const blocked = async () =>
      (await get('blocked-ips')).some(({ ip }: { ip: string }) => ip === ATTACKER) ? true : undefined;
    await waitFor('the block', blocked);
    assert.equal(await connects(attacker, EDGE, OPEN), false, 'blocked');
    await post('unblock-ip', { ip: ATTACKER });
    assert.equal(await connects(attacker, EDGE, OPEN), true, 'unblocked');
  });

  /** Another process takes up the trial, and the hand. */
  const again = async (): Promise<void> => {
    await waitFor('the end of the process', () =>
      daemon.call('GET', '/api/v1/status').then(
        () => undefined,
        () => true,
      ),
    );
    await daemon.start('--enforce');
  };
  const last = (state: string) =>
    waitFor(`a change that is ${state}`, async () => {
      const [change] = (await get('changes')).changes;
      return change?.state === state ? change : undefined;
    });

  await t.test('a trial denies and closes while it lasts, and falls back', async () => {
    const changes = { denied_networks: ['192.0.2.0/24'], restricted_tcp: [OPEN] };
    await post('settings/firewall/tentative-apply', { changes });
    await again();
    const { id } = await last('awaiting');
    assert.equal(await connects(attacker, EDGE, OPEN), false, 'denied on trial');
    assert.equal(await connects(neighbour, OTHER_EDGE, OPEN), false, 'closed on trial');
    assert.equal(await connects(neighbour, OTHER_EDGE, RESTRICTED), true, 'open again on trial');
    await post(`changes/${id}/revert`, {});
    await last('reverted');
    assert.equal(await connects(attacker, EDGE, OPEN), true);
    assert.equal(await connects(neighbour, OTHER_EDGE, OPEN), true);
    assert.equal(await connects(attacker, EDGE, RESTRICTED), false, 'restricted again');
  });

  await t.test('infra without the floor is refused by the hand, and everything stays', async () => {
    const order = { changes: { '': [] } };
    const answer = await daemon.call('POST', '/api/v1/settings/infra_ips', order, { 'if-match': '*' });
    assert.match(JSON.stringify(answer.body), /everything is as before.*203\.0\.113\.0-203\.0\.113\.255 of the floor/);
    assert.equal((await last('reverted')).verdict.by, 'apply_failed');
    assert.equal(await connects(attacker, EDGE, OPEN, '203.0.113.9'), true);
  });
  await daemon.stop();
  assert.doesNotMatch(hand.log, /UNGUARDED/);
});
