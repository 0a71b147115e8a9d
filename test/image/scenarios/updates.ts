import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import { setGrubenv } from '../looks/partitions.ts';
import { stickWith } from '../media/volume.ts';
import { assertKept, belongingsOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import {
  askToInstall,
  bundleOnStick,
  confirmed,
  giveUpSoon,
  hurry,
  imageOf,
  install,
  reboot,
} from '../story/updating.ts';
import { round } from './boot.ts';
import { slotOf } from './damage.ts';

const STICK_MIB = 448;

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

async function unhealthy(life: Life): Promise<Facts> {
  const { bundles } = life.site;
  await confirmed(life);
  await giveUpSoon(life);
  const before = await belongingsOf(life);
  const good = await slotOf(life);
  const stick = await stickWith(life.file('unhealthy.img'), { 'unhealthy.raucb': bundles.unhealthy }, STICK_MIB);
  await life.machine.plugIn('update', stick.file);
  const begun = performance.now();
  await install(life, await bundleOnStick(life, 'unhealthy.raucb'));
  const installed = performance.now();
  await life.machine.pullOut('update');
  // Of its three tries one is left: each of them takes a boot and a minute.
  const bad = good === 'A' ? 'B' : 'A';
  await life.powerOff();
  await setGrubenv(life.disk, { [`${bad}_TRY`]: '2' });
  await life.powerOn();
  await life.ready();
  assert.equal(await slotOf(life), bad, 'the new version is tried');
  life.turnPage();
  await life.ready();
  assert.equal(await slotOf(life), good, 'the old version is back');
  const back = performance.now();
  const image = await confirmed(life);
  await life.machine.screenshot('console-fallen-back');
  assert.equal(image.last.result, 'fell_back');
  assert.ok(image.failed_versions.some(({ version }: { version: string }) => version === bundles.unhealthyVersion));
  await assertKept(life, before);
  const again = await askToInstall(life, life.site.server.offer(bundles.unhealthy, 'unhealthy.raucb'));
  assert.equal(again.status, 409, 'a version that failed is not installed again unasked');
  return {
    install_s: round((installed - begun) / 1000),
    back_after_s: round((back - installed) / 1000),
    why: image.last.why,
  };
}

export const fallsBack: Scenario = {
  name: 'unhealthy',
  shows:
    'a version that cannot block, from a USB stick, boots, does not become healthy, reboots by itself and gives way to the old one, which keeps everything and remembers the failed version',
  limit: 720,
  carries: true,
  run: unhealthy,
};

/** Half a minute of patience, the slot is read whole, and what is left of the minute. */
const TOLD_MS = 300_000;

async function neverRebooted(life: Life): Promise<Facts> {
  await confirmed(life);
  await giveUpSoon(life);
  const boot = await life.inside('cat /proc/sys/kernel/random/boot_id');
  await life.inside('systemctl stop bartizan.service bartizan-net-hand.socket bartizan-net-hand.service');
  await life.inside('systemctl restart bartizan-confirm.service', 200_000);
  const outcome = await waitFor(
    'the confirmer to tell',
    async () => {
      const said = await life.inside('cat /run/bartizan-confirm/outcome');
      return /state=(?:waiting|reading)/.test(said) ? undefined : said;
    },
    { withinMs: TOLD_MS, everyMs: 1000 },
  );
  assert.match(outcome, /state=unhealthy/);
  assert.match(outcome, /not rebooted: it was confirmed before/);
  assert.equal(await life.inside('systemctl is-system-running | grep -c stopping || true'), '0', 'nothing reboots');
  assert.equal(await life.inside('cat /proc/sys/kernel/random/boot_id'), boot, 'the same boot');
  await life.inside('systemctl start bartizan.service', 120_000);
  return { outcome: outcome.replaceAll('\n', ' ').slice(0, 120) };
}

export const confirmedStays: Scenario = {
  name: 'never-rebooted',
  shows: 'a slot that was confirmed is never rebooted by the confirmer, though the daemon is gone: it is told',
  limit: 480,
  run: neverRebooted,
};
