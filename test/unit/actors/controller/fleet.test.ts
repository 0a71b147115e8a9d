import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../../../../actors/controller/fleet.ts';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import { ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
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
