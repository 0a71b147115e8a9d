import assert from 'node:assert/strict';
import type { Slot } from '../../../image/layout.ts';
import { setGrubenv, worn } from '../looks/partitions.ts';
import { stickWith } from '../media/volume.ts';
import { assertKept, belongingsOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { round } from './boot.ts';

const TRY_MS = 300_000;
/** The slot that runs is read first. */
const TOLD_MS = 120_000;
const SEEN = { start: /bartizan-grub: slot=([AB]) try=(\d)\/3/, recovery: /bartizan-grub: recovery why=(\S+)/ };

/** The slot that runs, as the kernel was told. */
export const slotOf = async (life: Life): Promise<Slot> =>
  (await life.inside("sed -n 's/.*bartizan\\.slot=\\([AB]\\).*/\\1/p' /proc/cmdline")) as Slot;

const other = (slot: Slot): Slot => (slot === 'A' ? 'B' : 'A');

/**
 * Starts of slots that GRUB has told on the serial line, e.g. `B1 B2 B3 A1`. It writes there, and on the firmware's console,
 * which this firmware shows on the serial line, too.
 */
export const startsOf = (text: string): readonly string[] =>
  [...text.matchAll(new RegExp(SEEN.start, 'g'))]
    .map(([, slot, attempt]) => `${slot}${attempt}`)
    .filter((start, place, all) => start !== all[place - 1]);

async function corrupted(life: Life): Promise<Facts> {
  const before = await belongingsOf(life);
  const broken = await slotOf(life);
  await life.powerOff();
  const places = worn(`root-${broken}`, life.site.chance, { length: 90 * 1024 * 1024 });
  await life.disk.fill(places);
  await life.powerOn();
  await life.ready();
  const seconds = life.machine.seconds;
  assert.equal(await slotOf(life), other(broken));
  const starts = startsOf(life.machine.console.text);
  assert.deepEqual(starts, [1, 2, 3].map((attempt) => `${broken}${attempt}`).concat(`${other(broken)}1`));
  await assertKept(life, before);
  await life.api.until(
    'the loss of a slot to be told',
    '/api/v1/findings',
    (all) => (all.some(({ check }: { check: string }) => check === 'image_fell_back') ? true : undefined),
    TOLD_MS,
  );
  return { blocks: places.length, starts: starts.join(' '), ready_s: round(seconds) };
}

export const slotCorrupted: Scenario = {
  name: 'corrupted-slot',
  shows:
    'a slot whose root has damaged blocks is tried three times, each ended by verity’s panic, then the other slot runs, with blocks, settings, findings and identity, and it is told that the first one does not',
  limit: 420,
  carries: true,
  run: corrupted,
};

async function bothBad(life: Life): Promise<Facts> {
  const before = await belongingsOf(life);
  const running = await slotOf(life);
  await life.powerOff();
  await life.disk.fill(worn(`root-${running}`, life.site.chance, { length: 90 * 1024 * 1024 }));
  // Of the three tries that such a slot gets, as the scenario before has shown, one is left.
  await setGrubenv(life.disk, { [`${running}_TRY`]: '2' });
  const stick = await stickWith(life.file('recovery.img'), { 'update.raucb': life.site.bundles.update }, 256);
  await life.powerOn({ sticks: [stick.file] });
  const { console } = life.machine;
  const [, why] = await console.expect(SEEN.recovery, 2 * TRY_MS);
  await console.expect(/bartizan-recovery: ready why=/, TRY_MS);
  await console.expect(/Choice:/, TRY_MS);
  const reached = life.machine.seconds;
  await life.machine.screenshot('recovery');
  console.send('2\n');
  await console.expect(/Number of the bundle/, TRY_MS);
  life.turnPage();
  console.send('1\n');
  const [, slot] = await console.expect(/bartizan-recovery: slot ([AB]) has/, 2 * TRY_MS);
  const written = life.machine.seconds;
  await life.ready();
  assert.equal(await slotOf(life), slot);
  await assertKept(life, before);
  return { why: why ?? '', recovery_s: round(reached), install_s: round(written - reached), slot: slot ?? '' };
}

export const bothSlotsBad: Scenario = {
  name: 'both-bad',
  shows:
    'with both slots damaged the recovery starts, says why, and installs a bundle from a USB stick, from which the appliance boots again with all that is its own',
  limit: 540,
  carries: true,
  run: bothBad,
};
