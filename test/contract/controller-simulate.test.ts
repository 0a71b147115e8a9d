/** Light appliances that find no broker. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { initFleet } from '../../actors/controller/init.ts';
import { placeIn } from '../../actors/controller/place.ts';
import { settingsIn } from '../../actors/controller/settings-file.ts';
import { simulate } from '../../actors/controller/simulate.ts';
import { seconds } from '../../core/base/time.ts';
import { freePort } from '../support/free-port.ts';
import { realClock } from '../support/real-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('why the broker cannot be reached is said once, not by each', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'bartizan-simulate-'));
  t.after(() => rm(root, { recursive: true }));
  const world = { clock: realClock, random: seededRandom(1) };
  const state = join(root, 'main');
  const fleet = { tenant: 'acme', name: 'main', brokers: ['mqtts://b:8883'], enrolmentUrl: 'https://c/enrol' };
  assert.ok((await initFleet({ state, ...fleet }, world)).ok);
  const place = placeIn(state);
  const settings = await settingsIn(place);
  assert.ok(settings.ok);
  const broker = `mqtt://127.0.0.1:${await freePort()}`;
  const complaints: string[] = [];
  const done = await simulate(
    {
      ...{ count: 3, place, settings: settings.value, plain: true, broker, findings: 0, seed: 'x', rate: 200 },
      lasts: seconds(2),
    },
    {
      ...{ ...world, version: '1.2.3', tell: async () => true, stop: new Promise(() => undefined) },
      complain: (why) => complaints.push(why),
    },
  );
  assert.ok(done.ok);
  const [said = '', ...more] = complaints;
  assert.deepEqual(more, []);
  assert.ok(said.startsWith(`the broker at ${broker} cannot be reached: connect ECONNREFUSED`), said);
});
