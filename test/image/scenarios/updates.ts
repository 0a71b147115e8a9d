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
    assert.match(why, REFUSALS[name] ?? /^$/);
    said[name] = why.slice(0, 120);
  }
  await life.inside('systemctl is-active rauc.service || systemctl start rauc.service');
  await life.inside('rauc status >/dev/null', 60_000);
  const after = await imageOf(life);
  assert.deepEqual(runningOf(after), runningOf(before), 'the running slot is as it was');
  assert.match(await life.inside(COUNTERS), /^A_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\nORDER=A B$/, 'and it alone is booted');
  return said;
}

const COUNTERS =
  "grub-editenv \"$(sed -n 's/^grubenv=//p' /etc/rauc/system.conf)\" list | grep -E '^(ORDER|[AB]_(OK|TRY))=' | sort";
const REFUSALS: Readonly<Record<string, RegExp>> = {
  foreign: /is not signed by whom this appliance trusts/,
  damaged: /its bytes are not those that were signed/,
  short: /its bytes are not those that were signed/,
};
type Image = { readonly slot: string; readonly slots: readonly { readonly name: string; readonly state: string }[] };
const runningOf = ({ slot, slots }: Image) => slots.find(({ name }) => name === slot);

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
    assert.equal(update.phase, 'installing', 'the cut is in the midst of it');
    await life.cutPower();
    assert.ok(await life.disk.isSound(), 'the disk’s file');
    moments.push(`${seconds.toFixed(0)}s/${update.percent ?? update.phase}%`);
    await life.powerOn();
    await life.ready();
    assert.equal(await slotOf(life), slot, `after the cut ${moments.at(-1)}`);
    await assertKept(life, before);
    const { last } = await life.api.until(
      'what became of it',
      '/api/v1/image',
      (body) => (body.update.phase === 'idle' ? body : undefined),
      BECAME_MS,
    );
    assert.equal(last?.result, 'interrupted');
  }
  await confirmed(life);
  return { cuts, moments: moments.join(' ') };
}
/** An installation in an emulated guest takes longer than this, and is not over when the question is answered. */
const LONGEST_S = 25;
const BECAME_MS = 120_000;

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
  await blocksCameFirst(life);
  return {
    slot: image.slot,
    install_s: round((installed - begun) / 1000),
    reboot_s: round((ready - installed) / 1000),
    fetched_mb: Math.round(bytes / 1e6),
  };
}

/** What was blocked is dropped before the first packet can come. */
async function blocksCameFirst(life: Life): Promise<void> {
  const early = await life.show('bartizan-early.service', 'Result', 'ExecMainStatus', 'ExecMainExitTimestampMonotonic');
  const network = await life.show('systemd-networkd.service', 'ExecMainStartTimestampMonotonic');
  assert.deepEqual([early['Result'], early['ExecMainStatus']], ['success', '0']);
  const [loaded, begun] = [early['ExecMainExitTimestampMonotonic'], network['ExecMainStartTimestampMonotonic']].map(
    Number,
  );
  assert.ok((loaded ?? 0) > 0 && (loaded ?? 0) <= (begun ?? 0), `blocks at ${loaded}, the network at ${begun}`);
}

export const streamed: Scenario = {
  name: 'stream',
  shows:
    'an update streamed over HTTP by ranges into the other slot, after the power cuts; it boots, is confirmed, and keeps blocks, settings, findings and identity',
  limit: 600,
  carries: true,
  run: stream,
};
