import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../../../core/base/time.ts';
import { settled } from '../../../support/settled.ts';
import { UpdaterSite } from '../../../support/updates/updater-site.ts';

async function site(): Promise<UpdaterSite> {
  const made = new UpdaterSite();
  await made.restart();
  return made;
}

test("the boot loader's counters are shown as they were told, and no more once an update was begun in this boot", async () => {
  const counters = async ({ updater }: UpdaterSite) => (await updater.status())?.counters;
  const made = await site();
  assert.equal(await counters(made), undefined);
  made.confirms('confirmed');
  assert.deepEqual(await counters(made), { order: ['A', 'B'], tries: { A: 1, B: 0 }, bootable: ['A'] });
  await made.install();
  await settled();
  assert.equal(await counters(made), undefined);
  await made.restart();
  assert.equal(await counters(made), undefined, 'nor by the next daemon in the same boot');
  await made.boot('B', '1.1.0');
  made.confirms('waiting');
  assert.deepEqual((await counters(made))?.tries, { A: 1, B: 0 });
});

test('an installation that failed has changed the counters, too', async () => {
  const made = await site();
  made.confirms('confirmed');
  made.slots.bundles.set('/run/bartizan-usb/sda1/bad.raucb', {
    facts: { version: '1.1.0', compatible: 'bartizan-amd64' },
    refused: 'damaged',
  });
  await made.install('bad');
  await settled();
  assert.equal((await made.updater.status())?.last?.result, 'failed');
  await made.restart();
  assert.equal((await made.updater.status())?.counters, undefined);
});

test('a slot that was confirmed and is not booted any more is told of, once in a boot', async () => {
  const made = await site();
  made.confirms('confirmed', '', 'passed_over=B\n');
  made.clock.advance(seconds(60));
  await settled();
  assert.equal(made.alarms.length, 1, made.alarms.join());
  assert.match(made.alarms[0] ?? '', /Slot B was not started: it has used up its tries/);
  assert.equal((await made.updater.status())?.confirmation?.state, 'confirmed');
});

test('what became of an update is told as that alone', async () => {
  const made = await site();
  await made.install();
  await settled();
  await made.boot('A', '1.0.0');
  made.confirms('confirmed', '', 'passed_over=B\n');
  made.clock.advance(seconds(60));
  await settled();
  assert.equal(made.alarms.length, 1, made.alarms.join());
  assert.match(made.alarms[0] ?? '', /fell back/);
});
