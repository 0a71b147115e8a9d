import assert from 'node:assert/strict';
import { LOOKING_INSIDE, provisioning } from '../machine/credentials.ts';
import { Volume } from '../media/volume.ts';
import { belongingsOf, identityOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { consoleShows } from './boot.ts';
import { startsOf } from './damage.ts';

const TOKEN = 'an-admin-of-the-provisioning-test-0123456789';
const NEXT_TOKEN = 'another-admin-of-the-provisioning-test-0123456';
const config = (hostname: string, token = TOKEN): string => `hostname: ${hostname}
webui:
  listen: 0.0.0.0:9443
  tokens: [{ name: field, token: ${token}, scope: admin }]
firewall:
  enabled: true
`;

const stickOf = (life: Life): Volume => life.stick ?? assert.fail('no stick was made');

async function provisionRefused(life: Life): Promise<Facts> {
  life.stick = await Volume.make(life.file('bzconf.img'), 'BZCONF');
  await life.stick.write('bartizan.yaml', 'hostname: edge-1\nfirewal:\n  enabled: true\n');
  await life.powerOn({ sticks: [life.stick.file] });
  await life.ready();
  const names = await life.stick.names();
  const told = await textsOn(
    life.stick,
    names.filter((name) => name !== 'bartizan.yaml'),
  );
  assert.match(told, /firewal/, `why is told on the stick: ${names.join(', ')}`);
  await consoleShows(life, /Failed\s+bartizan-provision\.service/);
  const status = await life.api.ask('GET', '/api/v1/health');
  assert.ok(status.status > 0);
  return { stick: names.join(' ') };
}

async function textsOn(stick: Volume, names: readonly string[]): Promise<string> {
  const texts = await Promise.all(names.map((name) => stick.read(name)));
  return texts.join('\n');
}

export const badConfig: Scenario = {
  name: 'provision-refused',
  shows:
    'a volume BZCONF with a config that is wrong is refused; the console and a file on the stick say why; the appliance can be claimed as if there were none',
  limit: 300,
  carries: true,
  run: provisionRefused,
};

/** A boot that is shut down while it is well uses up none of its tries: there is no other slot here to go on with. */
const well = (life: Life): Promise<string> =>
  life.inside(
    'until grep -qx verdict=good /run/bartizan/health && [ -e /run/bartizan-confirm/outcome ]; do sleep 1; done',
    120_000,
  );

async function provisionByStick(life: Life): Promise<Facts> {
  const stick = stickOf(life);
  await well(life);
  await life.powerOff();
  await stick.write('bartizan.yaml', config('edge-by-stick'));
  await life.powerOn({ sticks: [stick.file] });
  await life.ready();
  life.api.token = TOKEN;
  const status = await life.api.tell('GET', '/api/v1/status');
  assert.equal(status.hostname, 'edge-by-stick');
  assert.equal(status.mode, 'enforce');
  const names = await stick.names();
  assert.ok(!names.includes('bartizan.yaml'), `the config was consumed: ${names.join(', ')}`);
  return { stick: names.join(' ') };
}

export const byStick: Scenario = {
  name: 'provision-stick',
  shows:
    'a volume BZCONF provisions the appliance once: name, token and enforcement hold without claiming, and the config is gone from the stick',
  limit: 300,
  carries: true,
  run: provisionByStick,
};

/** Names and sums of what is on the partition that stays, without what is known of slots and of configurations that were taken. */
const IDENT =
  'cd /ident && find . -xdev -type f -not -path "./slots/*" -not -name used-configs -exec sha256sum {} + | sort -k 2';

async function resetAndCredential(life: Life): Promise<Facts> {
  await life.api.tell('POST', '/api/v1/block-ip', { ip: '203.0.113.77', reason: 'to be forgotten', duration: '24h' });
  await life.api.tell('POST', '/api/v1/settings/auto_response', { changes: { block_expiry: '13h' } });
  await life.api.tell('POST', '/api/v1/test-alert');
  const before = await belongingsOf(life);
  assert.ok(before.blocked.length > 0 && before.findings.length > 0, 'there is something to be forgotten');
  await life.inside('for folder in /data /data/*/; do echo x >"$folder/of-before"; done');
  const identified = await life.inside(IDENT);
  const wrong = await life.api.ask('POST', '/api/v1/image/factory-reset', { confirm: '0000-0000-000' });
  assert.equal(wrong.status, 400, 'another serial');
  await well(life);
  // The machine stays off instead of rebooting, so that it is started with another credential.
  await life.machine.haltOnReboot();
  await life.api.tell('POST', '/api/v1/image/factory-reset', { confirm: before.identity.serial });
  await life.off(300_000);
  await life.powerOn({ credentials: { ...LOOKING_INSIDE, ...provisioning(config('edge-by-credential', NEXT_TOKEN)) } });
  await life.machine.console.expect(/bartizan-init: factory reset: done/, 300_000);
  await life.ready();
  assert.equal((await life.api.ask('GET', '/api/v1/status')).status, 401, 'no token survives');
  life.api.token = NEXT_TOKEN;
  const status = await life.api.tell('GET', '/api/v1/status');
  assert.equal(status.hostname, 'edge-by-credential', 'provisioned anew, by the credential');
  const after = await belongingsOf(life);
  assert.deepEqual(after.identity, before.identity, 'the identity survives');
  assert.deepEqual(after.blocked, [], 'no block survives');
  assert.deepEqual(
    after.findings.filter((id) => before.findings.includes(id)),
    [],
    'no finding survives',
  );
  assert.notDeepEqual(after.settings, before.settings, 'no setting survives');
  assert.equal(await life.inside('find /data /var -name of-before'), '', 'no file survives');
  assert.equal(await life.inside(IDENT), identified, 'the identity, and nothing of before');
  assert.notEqual(after.machineId, before.machineId);
  assert.notEqual(after.tls, before.tls);
  return { serial: after.identity.serial };
}

export const factoryReset: Scenario = {
  name: 'factory-reset',
  shows:
    'a factory reset, confirmed by the serial, erases all but serial and key; a systemd credential provisions the appliance anew',
  limit: 480,
  carries: true,
  run: resetAndCredential,
};

async function consumedOnce(life: Life): Promise<Facts> {
  await life.machine.resumeReboots();
  await life.api.tell('POST', '/api/v1/settings/image', { changes: { readings: 4 } });
  const { serial } = await identityOf(life);
  await well(life);
  life.turnPage();
  await life.api.tell('POST', '/api/v1/image/reboot');
  await life.ready();
  const state = await life.api.tell('GET', '/api/v1/settings/image');
  assert.equal(state.values.readings, 4, 'the credential, still there, was not taken again');
  const starts = startsOf(life.machine.console.text);
  assert.equal(starts.at(-1), 'A1', `tries were given back: ${starts.join(' ')}`);
  return { serial, starts: starts.join(' ') };
}

export const credentialOnce: Scenario = {
  name: 'provisioned-once',
  shows: 'a credential that is still there at the next boot changes nothing',
  limit: 300,
  run: consumedOnce,
};
