/**
 * The appliance's image boots: firmware, GRUB, verity root, the daemon's API through the network, the claim code on the
 * serial console. Everything else of the image is shown by `npm run image -- test`.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { noImage } from '../image/build-tools.ts';
import { imageUnderTest } from '../image/image.ts';
import { Disk, MIB } from '../image/machine/disk.ts';
import { freshVariables, Machine } from '../image/machine/machine.ts';
import { GuestApi } from '../image/story/guest-api.ts';
import { noGuest } from '../image/tools.ts';
import { freePort } from '../support/free-port.ts';

const BOOT_MS = 240_000;

test('the image boots, shows its claim code on the serial console and answers on the network', {
  skip: noGuest() ?? (await noImage()) ?? false,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-smoke-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'logs'));
  const { image } = await imageUnderTest(folder, (line) => t.diagnostic(line));
  const disk = await Disk.over(image, join(folder, 'disk.qcow2'), 3072 * MIB);
  const variables = join(folder, 'variables.qcow2');
  await freshVariables(variables);
  const apiPort = await freePort();
  await using machine = new Machine({ disk: disk.file, variables, apiPort }, join(folder, 'logs'));
  await machine.start();
  await machine.console.expect(/bartizan-init: ok slot=A/, BOOT_MS);
  const api = new GuestApi(apiPort);
  await api.answers(BOOT_MS);
  t.diagnostic(`answers ${machine.seconds.toFixed(1)} s after power on`);
  const [code] = await machine.console.expect(/[0-9A-Z]{5}(?:-[0-9A-Z]{4}){4}-[0-9A-Z]{5}/, 60_000);
  const { token } = await api.tell('POST', '/api/v1/claim', { code });
  api.token = token;
  const status = await api.tell('GET', '/api/v1/status');
  assert.equal(status.engine.http, 'uWebSockets.js');
  assert.equal(status.claimed, true);
  assert.ok(existsSync(await machine.screenshot('smoke')));
});
