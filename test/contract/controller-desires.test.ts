import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Desires } from '../../actors/controller/desires.ts';
import { Fleet } from '../../actors/controller/fleet.ts';
import { Happenings } from '../../actors/controller/happenings.ts';
import { KeyFolder } from '../../actors/controller/key-folder.ts';
import { Outgoing } from '../../actors/controller/outgoing.ts';
import { Press } from '../../actors/controller/press.ts';
import { decodeEnvelope } from '../../actors/link-wire/index.ts';
import { createRecords, MemoryStore } from '../../actors/store/index.ts';
import { minutes } from '../../core/base/time.ts';
import { desires as desiresKept } from '../../core/controller/records.ts';
import { serialOf } from '../../core/field/serial.ts';
import { topicOf } from '../../core/link/topics.ts';
import { KeptBroker } from '../support/link/kept-broker.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

test('what is desired by a key that is believed no longer is signed anew where it was not taken yet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-desires-'));
  const [clock, random] = [new SimulatedClock(), seededRandom(1)];
  const records = createRecords(new MemoryStore());
  const keys = new KeyFolder(folder, random);
  const broker = new KeptBroker();
  const happenings = new Happenings(clock);
  const press = new Press({ tenant: 'acme', clock, random, records, keys });
  const fleet = await Fleet.open(records, happenings);
  const log = (): void => {};
  const outgoing = new Outgoing({ tenant: 'acme', clock, log, records, link: () => broker, serves: () => true });
  const desires = new Desires({ clock, log, records, press, fleet, outgoing, signer: () => keys.key('ops') });
  try {
    const signer = await keys.make('ops');
    assert.ok(signer.ok);
    const [away, there] = [1, 2].map((n) => fleet.heard(serialOf(new Uint8Array(32).fill(n))));
    assert.ok(away !== undefined && there !== undefined);
    const content = { sections: [{ name: 'firewall', values: { mode: 'enforce' } }], rules: [] };
    const options = { content, merge: false, over: false, trial: minutes(2), signer: signer.value };
    assert.equal((await desires.set([away, there], options)).length, 2);
    const [taken] = await desires.history(there.serial);
    assert.ok(taken !== undefined);
    const { generation, ...record } = taken;
    const standing = { is: 'confirmed', text: '', at: clock.now() };
    await records.write((writes) => writes.put(desiresKept, [there.serial, generation], { ...record, standing }));

    const replaced = await keys.replace('ops', '1');
    assert.ok(replaced.ok);
    await desires.signAnew('ops', replaced.value.key, () => true);
    const generations = async (serial: string) => (await desires.history(serial)).map((one) => one.generation);
    assert.deepEqual(await generations(away.serial), [2, 1]);
    assert.deepEqual(await generations(there.serial), [1]);
    const topic = topicOf({ tenant: 'acme', serial: away.serial }, { kind: 'desired' });
    const envelope = decodeEnvelope(broker.retained.get(topic) ?? new Uint8Array(0));
    assert.ok(envelope.ok);
    assert.equal(envelope.value.signatures[0]?.keyId, replaced.value.key.keyId);
    assert.deepEqual(await desires.content(away.serial), content);
  } finally {
    await rm(folder, { recursive: true });
  }
});
