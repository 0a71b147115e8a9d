import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeadSigner, openAudit, takeOver } from '../../../../actors/audit/index.ts';
import { isSigned, makeDeviceKey } from '../../../../actors/identity/device-key.ts';
import type { AuditRecord, ChainedAuditRecord } from '../../../../core/api/audit.ts';
import { HEAD_DOMAIN, headText, type SignedHead } from '../../../../core/api/audit-chain.ts';
import type { Log } from '../../../../core/base/ports.ts';
import type { Millis } from '../../../../core/base/time.ts';
import { auditKeys } from '../../../../core/keys/audit-keys.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const record = (target: string): AuditRecord => ({
  at: 1 as Millis,
  action: 'block_ip',
  target,
  details: {},
  actor: 'admin',
  principalKind: 'token',
  peer: '192.0.2.7',
  requestId: 'r',
  status: 200,
});

async function opened(store = new MemoryStore(), signer?: HeadSigner) {
  const errors: string[] = [];
  const log: Log = (level, message) => void (level === 'error' && errors.push(message));
  const audit = await openAudit({ store, log, ...(signer === undefined ? {} : { signer }) });
  assert.ok(audit.ok);
  return { store, errors, audit: audit.value };
}

async function stored(store: MemoryStore): Promise<ChainedAuditRecord[]> {
  const records: ChainedAuditRecord[] = [];
  for await (const [, value] of store.entries<ChainedAuditRecord>(auditKeys.records)) records.push(value);
  return records;
}

test('concurrent appends are chained in the order they were asked for, durably, in few commits', async () => {
  const { store, audit } = await opened();
  const appended = await Promise.all(Array.from({ length: 300 }, (_, i) => audit.append(record(String(i)))));
  assert.deepEqual(
    appended.map((result) => result.ok && result.value.target),
    Array.from({ length: 300 }, (_, i) => String(i)),
  );
  assert.deepEqual(
    (await stored(store)).map(({ serial }) => serial),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
  assert.ok(store.commits.length <= 4 && store.commits.every(({ sync }) => sync));
  assert.deepEqual(await audit.verify(), { ok: true, value: audit.head() });
});

test('a restart takes the chain up where it ended', async () => {
  const { store, audit } = await opened();
  await audit.append(record('a'));
  const again = await opened(store);
  assert.deepEqual(again.audit.head(), audit.head());
  await again.audit.append(record('b'));
  const verified = await again.audit.verify();
  assert.ok(verified.ok && verified.value.serial === 2);
  assert.deepEqual(again.errors, []);
});

test('a refused commit fails its appends and leaves no gap', async () => {
  const { store, audit } = await opened();
  await audit.append(record('a'));
  store.failing = () => true;
  const lost = await Promise.all([audit.append(record('b')), audit.append(record('c'))]);
  assert.deepEqual(
    lost.map((result) => !result.ok && result.code),
    ['lost', 'lost'],
  );
  await assert.rejects(audit.sink(record('d')), /disk is gone/);
  store.failing = () => false;
  await audit.sink(record('e'));
  assert.deepEqual(
    (await stored(store)).map(({ target }) => target),
    ['a', 'e'],
  );
  assert.ok((await audit.verify()).ok);
});

test('while the disk is lost records are chained in memory, and their callers know', async () => {
  const { store, audit } = await opened();
  store.failing = (_, sync) => sync;
  const lost = await audit.append(record('a'));
  assert.equal(!lost.ok && lost.code, 'lost');
  store.failing = () => false;
  assert.ok((await audit.append(record('b'))).ok);
  assert.deepEqual(
    (await stored(store)).map(({ target }) => target),
    ['a', 'b'],
  );
  assert.ok((await audit.verify()).ok);
});

test('a log that cannot be read is refused, for a new chain would write over it', async () => {
  const store = Object.assign(new MemoryStore(), { get: () => Promise.reject(new Error('bad block')) });
  const refused = await openAudit({ store, log: () => {} });
  assert.match(refused.ok ? '' : refused.public, /cannot be read: bad block/);
});

test('a store that throws rejects its appends, and the next one is kept', async () => {
  const { store, audit } = await opened();
  store.failing = () => {
    throw new Error('broken');
  };
  await assert.rejects(audit.append(record('a')), /broken/);
  store.failing = () => false;
  assert.ok((await audit.append(record('b'))).ok);
});

test('what is kept is the record as it was when appended', async () => {
  const { store, audit } = await opened();
  const mutable = { ...record('before') };
  const done = audit.append(mutable);
  Object.assign(mutable, { target: 'after' });
  await done;
  assert.deepEqual(
    (await stored(store)).map(({ target }) => target),
    ['before'],
  );
  assert.ok((await audit.verify()).ok);
});

test('a record that JSON cannot carry rejects its caller alone', async () => {
  const { audit } = await opened();
  await assert.rejects(audit.append({ ...record('a'), status: Number.NaN }), TypeError);
  assert.ok((await audit.append(record('b'))).ok);
});

const last = auditKeys.record(3);
for (const { damage, ops, fault, complaints } of [
  { damage: 'its last record is gone', ops: [{ del: last }], fault: 'missing', complaints: 1 },
  {
    damage: 'its last record is altered',
    ops: [{ put: last, value: { ...record('x'), serial: 3 } }],
    fault: 'altered',
    complaints: 1,
  },
  { damage: 'its last record is null', ops: [{ put: last, value: null }], fault: 'altered', complaints: 1 },
  {
    damage: 'all of it is gone but the head',
    ops: [1, 2, 3].map((n) => ({ del: auditKeys.record(n) })),
    fault: 'missing',
    complaints: 1,
  },
  { damage: 'a record in the middle is gone', ops: [{ del: auditKeys.record(2) }], fault: 'missing', complaints: 0 },
] as const)
  test(`a chain goes on when ${damage}, and never verifies again`, async () => {
    const { store, audit } = await opened();
    for (const target of ['a', 'b', 'c']) await audit.append(record(target));
    await store.commit(ops);
    const again = await opened(store);
    assert.equal(again.errors.length, complaints, 'only the end is looked at');
    assert.ok((await again.audit.append(record('d'))).ok);
    assert.equal(again.audit.head().serial, 4);
    const verified = await again.audit.verify();
    assert.equal(!verified.ok && verified.code, fault);
  });

test('a head that was set back writes over nothing', async () => {
  const { store, audit } = await opened();
  await audit.append(record('a'));
  const early = audit.head();
  await audit.append(record('b'));
  await store.commit([{ put: auditKeys.head, value: early }]);
  const again = await opened(store);
  assert.equal(again.errors.length, 1);
  await again.audit.append(record('c'));
  assert.deepEqual(
    (await stored(store)).map(({ target }) => target),
    ['a', 'b', 'c'],
  );
});

test('a log with neither head nor last record is refused', async () => {
  const store = new MemoryStore();
  await store.commit([{ put: auditKeys.record(7), value: 'damaged' }]);
  assert.equal((await openAudit({ store, log: () => {} })).ok, false);
});

test('a lost head is taken from the last record', async () => {
  const { store, audit } = await opened();
  await audit.append(record('a'));
  await store.commit([{ del: auditKeys.head }]);
  const again = await opened(store);
  assert.deepEqual(again.audit.head(), audit.head());
});

test('the newest records come newest first, and what is no record is passed over', async () => {
  const { store, audit } = await opened();
  for (let i = 1; i <= 5; i++) await audit.append(record(String(i)));
  assert.deepEqual(
    (await audit.newest(3)).map(({ serial }) => serial),
    [5, 4, 3],
  );
  await store.commit([{ put: auditKeys.record(5), value: 'scrap' }]);
  assert.deepEqual(
    (await audit.newest(3)).map(({ serial }) => serial),
    [4, 3],
  );
});

const KEY = makeDeviceKey(new Uint8Array(32).fill(1));

test('the head is signed by the device with every commit, for whoever has its public key', async () => {
  const { store, audit } = await opened(undefined, KEY);
  await audit.append(record('a'));
  await audit.append(record('b'));
  const head = await store.get<SignedHead>(auditKeys.head);
  assert.deepEqual({ serial: head?.serial, hash: head?.hash }, { ...audit.head() });
  const signature = Buffer.from(head?.signature ?? '', 'base64');
  assert.ok(isSigned(head?.key ?? '', HEAD_DOMAIN, headText(audit.head()), signature));
  assert.equal(head?.key, KEY.publicText);
});

for (const { what, change, errors } of [
  { what: 'as it was signed', change: {}, errors: [] },
  { what: 'without a signature, as of a version before', change: { key: undefined, signature: undefined }, errors: [] },
  {
    what: 'of another signature',
    change: { signature: 'AAAA' },
    errors: ['The audit log has a head that this device did not sign'],
  },
])
  test(`a head ${what} is ${errors.length === 0 ? 'taken' : 'told'}, and goes on being signed`, async () => {
    const { store, audit } = await opened(undefined, KEY);
    await audit.append(record('a'));
    const head = await store.get<SignedHead>(auditKeys.head);
    await store.commit([{ put: auditKeys.head, value: JSON.parse(JSON.stringify({ ...head, ...change })) }]);
    const again = await opened(store, KEY);
    assert.deepEqual(again.errors, errors);
    await again.audit.append(record('b'));
    assert.deepEqual((await opened(store, KEY)).errors, []);
  });

const OTHER = makeDeviceKey(new Uint8Array(32).fill(2));

test('a log that another device signed says so, and in itself, until this one has signed it', async () => {
  const { store, audit } = await opened(undefined, KEY);
  await audit.append(record('a'));
  const again = await opened(store, OTHER);
  const [trouble] = again.audit.troubles;
  assert.equal(trouble?.code, 'other_device');
  for (const { fingerprint } of [KEY, OTHER]) assert.ok(trouble?.message.includes(fingerprint), trouble?.message);
  assert.deepEqual(again.errors, [trouble?.message]);
  await takeOver(again.audit, new SimulatedClock(), () => {});
  assert.deepEqual(
    (await again.audit.newest(1)).map(({ action }) => action),
    ['device_replaced'],
  );
  assert.deepEqual((await opened(store, OTHER)).audit.troubles, []);
  assert.ok((await again.audit.verify()).ok, 'the chain is whole');
});

test('a head that names another device which did not sign it is forged', async () => {
  const { store, audit } = await opened(undefined, KEY);
  await audit.append(record('a'));
  const head = await store.get<SignedHead>(auditKeys.head);
  for (const key of [OTHER.publicText, 'ssh-ed25519 AAAA', '', 'x\u001b[2J']) {
    await store.commit([{ put: auditKeys.head, value: { ...head, key } }]);
    assert.deepEqual(
      (await opened(store, KEY)).audit.troubles.map(({ code }) => code),
      ['forged'],
      key,
    );
  }
});

test('a log whose own device goes on, or that nobody signed, is taken over by nobody', async () => {
  for (const signer of [KEY, undefined]) {
    const { store, audit } = await opened(undefined, signer);
    await audit.append(record('a'));
    const again = await opened(store, KEY);
    await takeOver(again.audit, new SimulatedClock(), () => {});
    assert.deepEqual([again.audit.troubles, again.audit.head().serial], [[], 1]);
  }
});
