import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../../../../actors/controller/fleet.ts';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import { ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import type { DesiredState } from '../../../../core/link/reported.ts';
import { REPORTED } from '../../../support/link-messages.ts';
import { SERIAL } from '../../../support/link-orders.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

test('what changes of an appliance at the same moment is all kept', async () => {
  const records = createRecords(new MemoryStore());
  const happenings = new Happenings(new SimulatedClock());
  const fleet = await Fleet.open(records, happenings);
  const member = fleet.heard(SERIAL);
  assert.ok(member !== undefined);
  const certificate = (serial: string) => ({ serial, until: millis(1) });
  const add = (serial: string) =>
    fleet.keep(SERIAL, (record) => ok({ ...record, certificates: [...record.certificates, certificate(serial)] }));
  await Promise.all([
    add('01'),
    fleet.relabel([member], (labels) => ({ ...labels, site: 'berlin' })),
    add('02'),
    fleet.relabel([member], (labels) => ({ ...labels, ring: '2' })),
  ]);
  const expected = { labels: { site: 'berlin', ring: '2' }, certificates: [certificate('01'), certificate('02')] };
  assert.deepEqual(member.record, expected);
  assert.deepEqual((await Fleet.open(records, happenings)).member(SERIAL)?.record, expected);
});

test('a true report counts as news after one that a broker made of it', async () => {
  const clock = new SimulatedClock();
  const happenings = new Happenings(clock);
  const told: unknown[] = [];
  happenings.listen(({ generation, standing }) => void told.push([generation, standing]));
  const fleet = await Fleet.open(createRecords(new MemoryStore()), happenings);
  const member = fleet.heard(SERIAL);
  assert.ok(member !== undefined);
  const isNews = (more: Partial<DesiredState>): boolean => {
    const desired: DesiredState = { ...REPORTED.desired, ...more };
    return fleet.noteReported(member, new Uint8Array(0), { ...REPORTED, desired }, clock.now());
  };
  assert.ok(isNews({}));
  const lies: readonly Partial<DesiredState>[] = [
    { generation: Number.MAX_SAFE_INTEGER },
    { confirmedGeneration: 7 },
    { confirmedOrder: undefined },
    { standing: 'confirmed' },
    { order: undefined },
    { text: 'all is well' },
  ];
  for (const lie of lies) assert.deepEqual([isNews(lie), isNews({}), isNews({})], [true, true, false]);
  assert.ok(!isNews({ changedHere: [] }), 'nothing goes by what was changed there');
  assert.deepEqual(told.at(-1), [REPORTED.desired.generation, REPORTED.desired.standing]);
  assert.equal(told.length, 1 + 2 * lies.length);
});
