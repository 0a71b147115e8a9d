import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { systemEffects } from '../../../actors/identity/effects.ts';
import { openIdentity } from '../../../actors/identity/index.ts';
import { hours } from '../../../core/base/time.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

const DIRECTORY = '/state/tls';
const random = seededRandom();

function appliance() {
  const files = new MemoryFiles();
  const store = new MemoryStore();
  const logged: string[] = [];
  const start = () =>
    openIdentity({
      store,
      clock: new SimulatedClock(),
      random,
      log: (level, message) => void logged.push(`${level} ${message}`),
      tlsDirectory: DIRECTORY,
      hostname: 'edge',
      listen: ['127.0.0.1'],
      tlsNames: [],
      tokens: [],
      sessions: { idle: hours(12), lifetime: hours(24) },
      effects: { ...systemEffects, files, hostAddresses: () => [] },
    });
  return { files, store, logged, start };
}

/** Operations of an undisturbed first start. */
async function firstStart(): Promise<number> {
  const { files, start } = appliance();
  assert.ok((await start()).ok);
  return files.operations;
}

const total = await firstStart();
assert.ok(total >= 16, 'four files of four operations each');

for (const keeps of ['everything', 'synced'] as const)
  for (const afterEffect of [false, true])
    test(`power lost at any file operation of the first start (${afterEffect ? 'done' : 'not done'}, disk keeps ${keeps}): the next start completes it`, async () => {
      for (let dieAt = 1; dieAt <= total; dieAt++) {
        const { files, start } = appliance();
        Object.assign(files, { dieAt, afterEffect });
        const died = await start();
        if (died.ok) await died.value.close();
        const promised = files.text(`${DIRECTORY}/ca.key`);
        files.reboot(keeps);
        const caKept = files.text(`${DIRECTORY}/ca.crt`);
        const keyKept = files.text(`${DIRECTORY}/ca.key`);
        const next = await start();
        assert.ok(next.ok, `operation ${dieAt}: ${next.ok ? '' : next.public}`);
        const { claimCode, close } = next.value;
        const { tls } = next.value.certificates;
        const ca = files.text(`${DIRECTORY}/ca.crt`) ?? '';
        assert.ok(claimCode, 'nobody has claimed it');
        if (caKept !== undefined) assert.equal(ca, caKept, 'a CA that was whole is not replaced');
        if (keyKept !== undefined) assert.equal(files.text(`${DIRECTORY}/ca.key`), promised);
        const server = new X509Certificate(tls.cert);
        assert.ok(server.verify(new X509Certificate(ca).publicKey));
        assert.deepEqual(
          files.paths(),
          ['ca.crt', 'ca.key', 'server.crt', 'server.key'].map((name) => `${DIRECTORY}/${name}`),
          `operation ${dieAt} leaves nothing behind`,
        );
        await close();
        files.reboot('synced');
        const third = await start();
        assert.ok(third.ok && third.value.certificates.tls.fingerprint === tls.fingerprint, 'and it stays');
        await third.value.close();
      }
    });

test('keys are created private, not made so later', async () => {
  const { files, start } = appliance();
  assert.ok((await start()).ok);
  assert.equal(files.mode(`${DIRECTORY}/ca.key`), 0o600);
  assert.equal(files.mode(`${DIRECTORY}/server.key`), 0o600);
});

test('a renewed certificate that cannot be written serves from memory', async () => {
  const { files, logged, start } = appliance();
  assert.ok((await start()).ok);
  files.erase(`${DIRECTORY}/server.crt`);
  files.reboot('everything');
  files.dieAt = 2;
  const next = await start();
  assert.ok(next.ok);
  const ca = new X509Certificate(files.text(`${DIRECTORY}/ca.crt`) ?? '');
  assert.ok(new X509Certificate(next.value.certificates.tls.cert).verify(ca.publicKey));
  assert.ok(logged.includes('error server certificate cannot be written and serves from memory'));
});

test('a first start that cannot write its CA is refused', async () => {
  const { files, start } = appliance();
  files.dieAt = 2;
  const refused = await start();
  assert.equal(!refused.ok && refused.code, 'tls');
});
