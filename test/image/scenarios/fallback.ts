import assert from 'node:assert/strict';
import { waitFor } from '../../support/wait-for.ts';
import { setGrubenv } from '../looks/partitions.ts';
import { stickWith } from '../media/volume.ts';
import { ATTACKER } from '../network/cable.ts';
import { assertKept, belongingsOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { askToInstall, bundleOnStick, confirmed, giveUpSoon, hurry, install } from '../story/updating.ts';
import { claimByCode, round } from './boot.ts';
import { slotOf } from './damage.ts';

const STICK_MIB = 448;

async function settle(life: Life): Promise<undefined> {
  const { api } = life;
  await life.powerOn();
  await life.ready();
  await claimByCode(life);
  await api.tell('POST', '/api/v1/mode', { mode: 'enforce' });
  await api.tell('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'to survive a fallback', duration: '24h' });
  await api.tell('POST', '/api/v1/settings/auto_response', { changes: { block_expiry: '13h' } });
  await api.tell('POST', '/api/v1/test-alert');
  await hurry(life);
  await confirmed(life);
}

export const settled: Scenario = {
  name: 'settled',
  shows: 'another appliance: claimed, enforcing, with blocks, settings and findings, and confirmed',
  limit: 300,
  carries: true,
  run: settle,
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
  // What it told of the boot so far is not what is asked for.
  await life.inside('rm /run/bartizan-confirm/outcome && systemctl restart bartizan-confirm.service', 200_000);
  const outcome = await waitFor(
    'the confirmer to tell',
    async () => {
      const said = await life.inside('cat /run/bartizan-confirm/outcome || echo state=waiting');
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
