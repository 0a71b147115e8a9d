/** When the revocation list is written anew, and when a broker on this machine is told. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAuthority } from '../../actors/controller/authority.ts';
import { tellBroker } from '../../actors/controller/broker-told.ts';
import { issueRevocations } from '../../actors/controller/certificates.ts';
import { initFleet } from '../../actors/controller/init.ts';
import { placeIn } from '../../actors/controller/place.ts';
import { days, millis, plus } from '../../core/base/time.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const NOW = millis(Date.UTC(2026, 10, 22));
const [ONE, TWO] = ['4a'.repeat(16), '5b'.repeat(16)];

async function authorityIn(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'bartizan-revoked-'));
  t.after(() => rm(root, { recursive: true }));
  const world = { clock: new SimulatedClock(NOW), random: seededRandom(1) };
  const fleet = { tenant: 'acme', name: 'main', brokers: ['mqtts://b:8883'], enrolmentUrl: 'https://c/enrol' };
  const state = join(root, 'main');
  assert.ok((await initFleet({ state, ...fleet }, world)).ok);
  const place = placeIn(state);
  const authority = await openAuthority(place, world);
  assert.ok(authority.ok);
  const { revoke } = authority.value;
  return { root, place, clock: world.clock, revoke: (...serials: string[]) => revoke(serials.map(of)) };
}

const of = (serial: string) => ({ serial, at: NOW });

test('a revocation list stays as it is while it has all that were revoked, and is good for long', async (t) => {
  const { place, clock, revoke } = await authorityIn(t);
  const made = await readFile(place.revocations, 'utf8');
  clock.advance(days(1));
  assert.deepEqual([await revoke(), await readFile(place.revocations, 'utf8')], [false, made], 'of `ca init`');
  assert.deepEqual([await revoke(ONE), await revoke(ONE), await revoke(TWO, ONE)], [true, false, true]);
  const both = await readFile(place.revocations, 'utf8');
  assert.deepEqual([await revoke(TWO), await readFile(place.revocations, 'utf8')], [false, both], 'one has ended');
  clock.advance(days(99));
  assert.equal(await revoke(TWO), false);
  clock.advance(days(2));
  assert.deepEqual([await revoke(TWO), await revoke(TWO)], [true, false], 'it had less than 300 days left');
});

test('a revocation list that is missing, another’s, or from a time to come is written anew', async (t) => {
  const { place, clock, revoke } = await authorityIn(t);
  const other = await authorityIn(t);
  await rm(place.revocations);
  assert.deepEqual([await revoke(), await revoke()], [true, false]);
  await writeFile(place.revocations, 'nothing of the kind');
  assert.deepEqual([await revoke(), await revoke()], [true, false]);
  await writeFile(place.revocations, await readFile(other.place.revocations));
  assert.deepEqual([await revoke(), await revoke()], [true, false]);
  const authority = {
    key: await readFile(place.issuing.key, 'utf8'),
    cert: await readFile(place.issuing.cert, 'utf8'),
  };
  const at = plus(clock.now(), days(5));
  await writeFile(
    place.revocations,
    await issueRevocations(authority, { at, until: plus(at, days(400)), revoked: [] }),
  );
  assert.deepEqual([await revoke(), await revoke()], [true, false]);
});

test('a broker is told of another list only, until it was told', async (t) => {
  const { root, place, revoke } = await authorityIn(t);
  const [revocations, pidFile] = [join(root, 'copy.crl'), join(root, 'pid')];
  const told: number[] = [];
  const logged: string[] = [];
  const log = (_: string, text: string) => void logged.push(text);
  const tell = async (
    isNew: boolean,
    broker: Parameters<typeof tellBroker>[0]['broker'] = { revocations, pidFile },
  ) => {
    await tellBroker({ place, broker, log, signal: (pid) => told.push(pid) }, isNew);
    return [told.splice(0).length, logged.splice(0).length];
  };
  const list = () => Promise.all([place.revocations, revocations].map((path) => readFile(path, 'utf8')));

  await writeFile(revocations, await readFile(place.revocations));
  await writeFile(pidFile, '4321\n');
  assert.deepEqual(await tell(false), [0, 0], 'at a start where nothing has changed');
  assert.deepEqual(await tell(await revoke(ONE)), [1, 0]);
  const [made, copied] = await list();
  assert.equal(copied, made);
  assert.deepEqual(await tell(await revoke(ONE)), [0, 0], 'of what it has');

  await writeFile(revocations, 'an older one');
  assert.deepEqual(await tell(false), [1, 0], 'where it has another one, whyever');
  await rm(pidFile);
  assert.deepEqual(await tell(await revoke(TWO)), [0, 1]);
  await writeFile(pidFile, '0');
  assert.deepEqual(await tell(false), [0, 1], 'that is every process of ours');
  await writeFile(pidFile, '4321\n');
  assert.deepEqual(
    [await tell(false), await tell(false)],
    [
      [1, 0],
      [0, 0],
    ],
    'what it could not be told before',
  );

  assert.deepEqual(
    [await tell(false, { pidFile }), await tell(true, { pidFile })],
    [
      [0, 0],
      [1, 0],
    ],
  );
  assert.deepEqual(
    [await tell(true, {}), await tell(false)],
    [
      [0, 0],
      [0, 0],
    ],
  );
});
