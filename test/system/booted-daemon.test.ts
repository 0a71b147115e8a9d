/** The whole daemon as the service that ships, without a capability: what it does to the kernel it does by the hand. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ADMIN, ATTACKER, BootedEdge } from '../support/booted/edge.ts';
import { noBoot } from '../support/booted/machine.ts';
import { waitFor } from '../support/wait-for.ts';

const SETTINGS = `
infra_ips: ['192.0.2.77']
firewall: { enabled: true, denied_networks: ['203.0.113.0/24'] }
changes: { trial: 1m }
watchers: { journal: true }
`;
const HAND = 'bartizan-net-hand.service';
const MAIN = 'bartizan.service';

describe('the daemon as a service without capabilities', { skip: noBoot() }, () => {
  let edge: BootedEdge;
  before(async () => {
    edge = new BootedEdge(SETTINGS, { [MAIN]: '[Service]\nWatchdogSec=4\n' });
    await edge.start();
  });
  after(() => edge?.[Symbol.asyncDispose]());
  const listed = async (address: string): Promise<boolean> =>
    (await edge.machine.run('nft', 'list', 'table', 'inet', 'bartizan')).includes(address);

  test('enforces through the hand, and says what it cannot do', async () => {
    const { body: status } = await edge.call('GET', '/api/v1/status');
    assert.equal(status.engine.firewall, 'net hand');
    assert.equal((await edge.becomes('firewall', ['ok'])).detail, 'through the net hand');
    const canary = await edge.becomes('canary', ['off']);
    assert.match(canary.message ?? '', /namespace/);
    const trouble = (await edge.components()).filter(({ state }) => !['ok', 'off', 'waiting'].includes(state));
    assert.deepEqual(trouble, []);
    assert.equal((await edge.component('journal:system'))?.state, 'ok');
  });

  test('blocks and unblocks', async () => {
    assert.equal(await edge.connects(ATTACKER), true);
    assert.equal((await edge.ask('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'tried' })).status, 200);
    assert.equal(await edge.connects(ATTACKER), false);
    assert.equal((await edge.ask('POST', '/api/v1/unblock-ip', { ip: ATTACKER })).status, 200);
    assert.equal(await edge.connects(ATTACKER), true);
  });

  test('a hand that is killed is there again; what it put into the kernel stays in force', async () => {
    await edge.call('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'tried' });
    const hand = await edge.pid(HAND);
    await edge.machine.run('kill', '-KILL', String(hand));
    assert.equal(await edge.connects(ATTACKER), false);
    await edge.another(HAND, hand);
    await edge.becomes('firewall', ['ok']);
    assert.equal((await edge.call('POST', '/api/v1/unblock-ip', { ip: ATTACKER })).status, 200);
    assert.equal(await edge.connects(ATTACKER), true);
  });

  test('damage to the table is told and mended', async () => {
    await edge.machine.run('nft', 'delete', 'table', 'inet', 'bartizan');
    await waitFor('the table to be back', async () => ((await listed('203.0.113.0')) ? true : undefined));
    await edge.becomes('firewall', ['ok']);
  });

  test('a change on trial is in force, and taken back by a word', async () => {
    const changes = { denied_networks: ['203.0.113.0/24', `${ATTACKER}/32`] };
    const tried = await edge.ask('POST', '/api/v1/settings/firewall/tentative-apply', { changes });
    assert.equal(tried.status, 200, JSON.stringify(tried.body));
    const { id } = await edge.last('awaiting');
    assert.equal(await edge.connects(ATTACKER), false);
    assert.equal((await edge.ask('POST', `/api/v1/changes/${id}/revert`, {})).status, 200);
    await edge.last('reverted');
    assert.equal(await edge.connects(ATTACKER), true);
  });

  test('packets of the probes confirm a change where the daemon may send none, and take one back that cuts its author off', async () => {
    const settled = async (denied: string) => {
      const changes = { denied_networks: ['203.0.113.0/24', denied] };
      const answer = await edge.ask('POST', '/api/v1/settings/firewall', { changes });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { id } = await edge.last('confirmed', 'reverted');
      const { body } = await edge.call('GET', `/api/v1/changes/${id}`);
      const { detail } = body.evidence.findLast(({ probe }: { probe: string }) => probe === 'admin-source');
      return { by: body.verdict.by, detail };
    };
    assert.deepEqual(await settled('198.51.100.99'), {
      by: 'probes',
      detail: `packets from ${ADMIN} to port 9443 get past the new rules`,
    });
    const cut = await settled(`${ADMIN}/32`);
    assert.equal(cut.by, 'probes_failed');
    assert.match(cut.detail, new RegExp(`the new rules drop packets from ${ADMIN}`));
  });

  test('exit code 75 starts it again, and counts the start', async () => {
    const main = await edge.pid(MAIN);
    assert.equal((await edge.ask('POST', '/api/v1/settings/restart')).status, 202);
    await edge.another(MAIN, main);
    assert.match(await edge.machine.journal(MAIN), /Main process exited, code=exited, status=75/);
    const { body } = await edge.call('GET', '/api/v1/status');
    assert.equal(body.engine.firewall, 'net hand');
  });

  test('one that hangs is ended by the watchdog; nobody is let in meanwhile', async () => {
    await edge.call('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'tried' });
    const main = await edge.pid(MAIN);
    await edge.machine.run('kill', '-STOP', String(main));
    await edge.another(MAIN, main);
    assert.match(await edge.machine.journal(MAIN), /Watchdog timeout/);
    assert.equal(await edge.connects(ATTACKER), false);
    await edge.becomes('firewall', ['ok']);
  });

  test('without a hand that is of use it runs, says so, and enforces when there is one', async () => {
    await edge.machine.run('sh', '-c', 'echo nonsense >/etc/bartizan/floor');
    await edge.machine.run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', HAND);
    await edge.machine.run('systemctl', 'restart', MAIN);
    const { message = '' } = await edge.becomes('firewall', ['degraded', 'failed']);
    assert.match(message, /no net hand at/);
    assert.match(await edge.machine.journal(HAND), /floor:1: not an address or a network/);
    await edge.machine.run('sh', '-c', ': >/etc/bartizan/floor');
    await edge.becomes('firewall', ['ok'], 120_000);
    assert.equal(await edge.connects(ATTACKER), false);
  });
});
