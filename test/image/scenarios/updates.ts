import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { assertKept, belongingsOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { askToInstall, confirmed, hurry, imageOf, install, reboot } from '../story/updating.ts';
import { round } from './boot.ts';
import { slotOf } from './damage.ts';

async function firstConfirmed(life: Life): Promise<Facts> {
  await hurry(life);
  await life.api.tell('POST', '/api/v1/test-alert');
  const begun = performance.now();
  const image = await confirmed(life);
  assert.equal(image.appliance, true);
  assert.equal(image.version, life.site.version);
  assert.equal(image.slot, 'A');
  return { confirmed_after_s: round((performance.now() - begun) / 1000), version: image.version };
}

export const confirmedFirst: Scenario = {
  name: 'confirmed',
  shows:
    'the first boot is confirmed once all subsystems were good for the window and the whole slot was read through verity',
  limit: 240,
  carries: true,
  run: firstConfirmed,
};

async function refusals(life: Life): Promise<Facts> {
  const { foreign, damaged, short } = life.site.bundles;
  const before = await imageOf(life);
  const said: Record<string, string> = {};
  for (const [name, file] of Object.entries({ foreign, damaged, short })) {
    const answer = await askToInstall(life, life.site.server.offer(file, `${name}.raucb`));
    const why = answer.status === 202 ? await failure(life) : String(answer.body.error);
    assert.ok(answer.status === 202 || answer.status >= 400);
    assert.ok(why.length > 20, `a text that says why: ${why}`);
    said[name] = why.slice(0, 120);
  }
  assert.match(said['foreign'] ?? '', /sign|authority|trust/i);
  await life.inside('systemctl is-active rauc.service || systemctl start rauc.service');
  await life.inside('rauc status >/dev/null', 60_000);
  const after = await imageOf(life);
  assert.deepEqual(
    after.slots.map(({ name, state }: { name: string; state: string }) => [name, state])[0],
    before.slots.map(({ name, state }: { name: string; state: string }) => [name, state])[0],
    'the running slot is as it was',
  );
  return said;
}

/** How an installation that was begun has failed. */
async function failure(life: Life): Promise<string> {
  const image = await life.api.until(
    'the installation to fail',
    '/api/v1/image',
    (body) => (body.update.phase === 'idle' ? body : undefined),
    240_000,
  );
  assert.equal(image.last?.result, 'failed', JSON.stringify(image));
  return image.last.why;
}

export const refused: Scenario = {
  name: 'refused',
  shows:
    'a bundle signed by a foreign authority, one with changed bytes and one cut off are refused with a text that says why; RAUC’s service works after',
  limit: 420,
  run: refusals,
};

const SNAPSHOT = 'ready';

async function powerCuts(life: Life): Promise<Facts> {
  const { powerCuts: cuts, chance, server, bundles } = life.site;
  const before = await belongingsOf(life);
  const slot = await slotOf(life);
  await life.machine.saveSnapshot(SNAPSHOT);
  const moments: string[] = [];
  for (let round = 0; round < cuts; round++) {
    if (round > 0) {
      await life.cutPower();
      await life.powerOn({ from: SNAPSHOT });
    }
    const source = server.offer(bundles.update, `update-${round}.raucb`);
    const begun = await askToInstall(life, source);
    assert.equal(begun.status, 202, JSON.stringify(begun.body));
    const seconds = 1 + chance() * LONGEST_S;
    await pause(seconds * 1000);
    const { update } = await imageOf(life);
    await life.cutPower();
    assert.ok(await life.disk.isSound(), 'the disk’s file');
    moments.push(`${seconds.toFixed(0)}s/${update.percent ?? update.phase}%`);
    await life.powerOn();
    await life.ready();
    assert.equal(await slotOf(life), slot, `after the cut ${moments.at(-1)}`);
    await assertKept(life, before);
  }
  await confirmed(life);
  return { cuts, moments: moments.join(' ') };
}
/** An installation in an emulated guest takes about this long. */
const LONGEST_S = 40;

export const cut: Scenario = {
  name: 'power-cuts',
  shows:
    'the power is cut at random moments of an installation, each time from a snapshot taken after READY: the machine comes back on the old slot with all that is its own',
  limit: 3600,
  carries: true,
  run: powerCuts,
};

async function stream(life: Life): Promise<Facts> {
  const { server, bundles } = life.site;
  const before = await belongingsOf(life);
  const from = await slotOf(life);
  const sent = server.bytesSent;
  const begun = performance.now();
  await install(life, server.offer(bundles.update, 'update.raucb'));
  const installed = performance.now();
  const bytes = server.bytesSent - sent;
  await reboot(life);
  const ready = performance.now();
  const image = await confirmed(life);
  assert.notEqual(image.slot, from);
  assert.equal(image.version, bundles.updateVersion);
  assert.equal(image.last.result, 'confirmed');
  await assertKept(life, before);
  return {
    slot: image.slot,
    install_s: round((installed - begun) / 1000),
    reboot_s: round((ready - installed) / 1000),
    fetched_mb: Math.round(bytes / 1e6),
  };
}

export const streamed: Scenario = {
  name: 'stream',
  shows:
    'an update streamed over HTTP by ranges into the other slot, after the power cuts; it boots, is confirmed, and keeps blocks, settings, findings and identity',
  limit: 600,
  carries: true,
  run: stream,
};
