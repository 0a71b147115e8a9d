import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chown, lchown, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openAudit } from '../../actors/audit/index.ts';
import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { openDeviceIdentity } from '../../actors/identity/index.ts';
import { openStore, type StorePort } from '../../actors/store/index.ts';
import type { AuditRecord } from '../../core/api/audit.ts';
import { millis } from '../../core/base/time.ts';
import { auditKeys } from '../../core/keys/audit-keys.ts';
import { ROOT } from '../support/root.ts';

const RECORD: AuditRecord = {
  at: millis(1),
  action: 'block_ip',
  target: '192.0.2.1',
  details: {},
  actor: 'admin',
  principalKind: 'token',
  peer: '192.0.2.7',
  requestId: 'r',
  status: 200,
};

async function inStore(state: string, work: (store: StorePort) => Promise<void>): Promise<void> {
  const opened = await openStore({ stateDirectory: state, clock: systemClock, log: () => {}, onDamage: () => {} });
  assert.ok(opened.ok);
  await work(opened.value.port);
  await opened.value.service.stop();
}

function verify(state: string, ...more: readonly string[]) {
  const main = join(ROOT, 'dist/bundle/main.js');
  const argv = [...process.execArgv, main, 'verify', '--state', state, '--json', ...more];
  const { status, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  return { status, ...JSON.parse(stdout) };
}

test('an audit log is verified without its daemon, and each way of tampering is told', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'bartizan-verify-'));
  t.after(() => rm(state, { recursive: true, force: true }));
  assert.equal(verify(state).result, 'unreadable');
  const device = await openDeviceIdentity({ stateDirectory: state, random: systemRandom, log: () => {} });
  assert.ok(device.ok);
  await inStore(state, async (store) => {
    const audit = await openAudit({ store, log: () => {}, signer: device.value.key });
    assert.ok(audit.ok);
    for (let i = 0; i < 3; i++) await audit.value.append(RECORD);
    assert.match(verify(state).message, /is running/);
  });
  const whole = verify(state, '--key', device.value.keyFingerprint);
  assert.deepEqual([whole.status, whole.records, whole.signed_by], [0, 3, device.value.keyFingerprint]);

  const head: { readonly [key: string]: unknown } = {};
  await inStore(state, async (store) => {
    Object.assign(head, await store.get(auditKeys.head));
    await store.commit([{ put: auditKeys.head, value: { ...head, signature: 'AAAA' } }], { sync: true });
  });
  assert.match(verify(state).message, /signature of the head/);
  await inStore(state, async (store) => {
    await store.commit([{ put: auditKeys.head, value: head }, { del: auditKeys.record(3) }], { sync: true });
  });
  assert.match(verify(state).message, /records 3 to 3 are missing/);
});

test("root who verifies a store of the daemon's follows no link that lies in it", {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'bartizan-verify-'));
  const victim = `${state}.victim`;
  t.after(() => Promise.all([state, victim].map((path) => rm(path, { recursive: true, force: true }))));
  await inStore(state, async () => {});
  await writeFile(victim, 'kept', { mode: 0o600 });
  // Where LevelDB writes next.
  const current = (await readdir(state, { recursive: true })).find((path) => path.endsWith('/CURRENT')) ?? '';
  for (let n = 1; n < 50; n++) {
    const next = join(state, dirname(current), `MANIFEST-${String(n).padStart(6, '0')}`);
    await symlink(victim, next).catch(() => undefined);
  }
  const nobody = 65_534;
  await chown(state, nobody, nobody);
  for (const path of await readdir(state, { recursive: true })) await lchown(join(state, path), nobody, nobody);
  verify(state);
  assert.equal(await readFile(victim, 'utf8'), 'kept');
});
