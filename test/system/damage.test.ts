import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';

test('a damaged store is repaired or replaced, its copy kept, and a finding says so', async () => {
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(`webui: { listen: '127.0.0.1:${await freePort()}' }\n`);
  await daemon.start();
  await daemon.stop();
  const store = join(daemon.state, 'store');
  for (const name of await readdir(store)) {
    if (/^(?:CURRENT|MANIFEST)/.test(name)) await writeFile(join(store, name), 'garbage\n');
  }
  await daemon.start();
  const found = await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return body.find(({ check }: { check: string }) => check === 'store_damage');
  });
  assert.equal(found.severity, 2);
  assert.match(found.message, /store/);
  const kept = (await readdir(daemon.state)).filter((name) => name.startsWith('store.damaged'));
  assert.equal(kept.length, 1);
});

test('another identity over a log that the first has signed is a finding and an audit record, once', async () => {
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(`webui: { listen: '127.0.0.1:${await freePort()}' }\n`);
  const found = async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return body.filter(({ check }: { check: string }) => check === 'device_replaced');
  };
  await daemon.start();
  await daemon.call('POST', '/api/v1/test-alert', {});
  await daemon.stop();
  for (const name of ['device.key', 'serial']) await rm(join(daemon.state, 'ident', name));
  await daemon.start();
  const [finding] = await waitFor('the finding', async () => {
    const those = await found();
    return those.length > 0 ? those : undefined;
  });
  assert.equal(finding.severity, 2);
  assert.match(finding.message, /^The audit log was signed by another device: SHA256:\S{43}, this is SHA256:\S{43};/);
  const { body } = await daemon.call('GET', '/api/v1/audit');
  assert.match(JSON.stringify(body), /device_replaced/);
  await daemon.stop();
  await daemon.start();
  await daemon.call('GET', '/api/v1/status');
  assert.equal((await found()).length, 1);
});

test('a claimed appliance stays claimed over a restart, under the same certificate', async () => {
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(`webui: { listen: '127.0.0.1:${await freePort()}' }\n`);
  await daemon.start();
  // The control socket answers a moment before the banner is out.
  const banner = (from: number) =>
    waitFor('the banner', async () => {
      const said = daemon.output.slice(from);
      return /^config /m.test(said) ? said : undefined;
    });
  const [, code] = /claim\s+(\S+)/.exec(await banner(0)) ?? assert.fail(daemon.output);
  const claimed = await daemon.call('POST', '/api/v1/claim', { code });
  assert.equal(claimed.status, 200, JSON.stringify(claimed.body));
  assert.match(claimed.body.token, /^bzt_/);
  const fingerprint = /SHA-256 (\S+)/.exec(daemon.output)?.[1];
  const printed = daemon.output.length;
  await daemon.stop();
  await daemon.start();
  const again = await banner(printed);
  assert.equal(/SHA-256 (\S+)/.exec(again)?.[1], fingerprint);
  assert.doesNotMatch(again, /^claim/m, 'a claimed appliance prints no code');
  assert.equal((await daemon.call('POST', '/api/v1/claim', { code })).status >= 400, true);
});
