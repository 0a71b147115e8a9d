import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Commands } from '../../../../actors/controller/commands.ts';
import type { Id } from '../../../../core/base/ids.ts';
import { days, millis, minutes } from '../../../../core/base/time.ts';
import { commands as kept } from '../../../../core/controller/records.ts';
import type { OrderResult } from '../../../../core/link/order.ts';
import { pressingSite, settled } from '../../../support/link/pressing-site.ts';

async function site(keepDetail: (id: Id) => Promise<void> = async () => {}) {
  const made = await pressingSite();
  const forgotten: Id[] = [];
  const commands = new Commands({
    ...made,
    outgoing: made.outgoing(),
    keepDetail,
    forgetDetails: async (before) => void forgotten.push(before),
  });
  const members = made.members(20);
  const sent = await commands.send(
    members.map(({ serial }) => serial),
    { kind: 'scan', what: '' },
    { signer: made.signer, about: 'by hand' },
  );
  assert.ok(sent.ok);
  await settled();
  const done = (id: Id, detail = new Uint8Array(0)): OrderResult => {
    return { id, state: 'done', text: 'seen', code: '', at: made.clock.now(), detail };
  };
  return { ...made, commands, sent: [...sent.value], done, forgotten };
}

test('results that arrive together are written down together, before anybody is told', async () => {
  const { commands, sent, done, store, clock, records, happenings } = await site();
  const told: unknown[] = [];
  happenings.listen(({ kind }) => told.push(kind));
  const [[, first]] = sent as [(typeof sent)[number]];
  const waiting = commands.result(first, minutes(1));
  await settled();
  const before = store.commits.length;
  for (const [serial, id] of sent) commands.arrived(serial, done(id));
  clock.advance(100);
  assert.equal(told.length, 0);
  await settled();
  assert.equal(store.commits.length - before, 1);
  assert.equal(told.length, 20);
  assert.equal((await waiting)?.state, 'done');
  assert.equal((await records.get(kept, [first]))?.result?.state, 'done');
});

test('of what arrives twice the first end stands, and nobody else speaks for an appliance', async () => {
  const { commands, sent, done, clock, records, logged } = await site();
  const [[serial, id], [other]] = sent as [(typeof sent)[number], (typeof sent)[number]];
  commands.arrived(other, { ...done(id), state: 'failed' });
  commands.arrived(serial, { ...done(id), state: 'accepted' });
  commands.arrived(serial, done(id));
  commands.arrived(serial, { ...done(id), state: 'failed' });
  clock.advance(100);
  await settled();
  assert.equal((await records.get(kept, [id]))?.result?.state, 'done');
  assert.deepEqual(logged, ['a result is of another appliance']);
});

test('a result whose data finds no room on disk is taken without it, and says so', async () => {
  const { commands, sent, done, clock, records } = await site(async () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
  const [[serial, id]] = sent as [(typeof sent)[number]];
  commands.arrived(serial, done(id, new Uint8Array(1000)));
  clock.advance(100);
  await settled();
  const result = (await records.get(kept, [id]))?.result;
  assert.deepEqual([result?.state, result?.detailBytes], ['done', 0]);
  assert.equal(result?.text, 'seen; its data could not be kept here');
});

test('results that the store does not take are told to nobody, and end nothing', async () => {
  const { commands, sent, done, clock, store, logged } = await site();
  store.failing = () => true;
  const [[serial, id]] = sent as [(typeof sent)[number]];
  commands.arrived(serial, done(id));
  clock.advance(100);
  await settled();
  assert.deepEqual(logged, ['results were not written down']);
  store.failing = () => false;
  commands.arrived(serial, done(id));
  clock.advance(100);
  await settled();
  assert.equal((await commands.result(id, millis(0)))?.state, 'done');
});

test('what came of commands goes with them', async () => {
  const { commands, records, sent, clock, forgotten } = await site();
  commands.start();
  clock.advance(days(31));
  await settled();
  await settled();
  const [[, id]] = sent as [(typeof sent)[number]];
  assert.equal(await records.get(kept, [id]), undefined);
  const last = forgotten.at(-1);
  assert.ok(last !== undefined && last > id);
  await commands.stop();
});
