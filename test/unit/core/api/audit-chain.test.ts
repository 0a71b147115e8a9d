import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord, ChainedAuditRecord } from '../../../../core/api/audit.ts';
import { type ChainHead, canonicalJson, follow, GENESIS, seal, verifyChain } from '../../../../core/api/audit-chain.ts';
import type { Millis } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';

/**
 * Characters that JSON writes as themselves: JSON.parse of Node 24 may misread a member name with an escape in it
 * (nodejs/node#63785). Names in a record are declared ones, without any.
 */
const plain = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => JSON.stringify(c) === `"${c}"`);
const FINITE = { noNaN: true, noDefaultInfinity: true };
/** A run hashes a dozen records. */
const RUNS = { numRuns: 60 };

const record: fc.Arbitrary<AuditRecord> = fc.record({
  at: fc.maxSafeNat().map((n) => n as Millis),
  action: fc.string({ unit: 'binary', maxLength: 8 }),
  target: fc.string({ maxLength: 8 }),
  details: fc.dictionary(
    fc.string({ unit: plain, maxLength: 3 }),
    fc.oneof(fc.string({ maxLength: 3 }), fc.boolean(), fc.double(FINITE)),
    {
      maxKeys: 2,
    },
  ),
  actor: fc.string({ maxLength: 8 }),
  principalKind: fc.constantFrom('token', 'session', 'local', 'anonymous'),
  peer: fc.ipV4(),
  requestId: fc.uuid(),
  status: fc.integer({ min: 100, max: 599 }),
});

/** A chain as a store gives it back, and its head. */
const chain = (minLength: number) =>
  fc.array(record, { minLength, maxLength: 5 }).map((entries) => {
    const records: ChainedAuditRecord[] = [];
    let head: ChainHead = GENESIS;
    for (const entry of entries) {
      const link = seal(head, entry);
      records.push(JSON.parse(JSON.stringify(link)));
      head = { serial: link.serial, hash: link.hash };
    }
    return { records, head };
  });

test('an untouched chain verifies, whole and from any link on', () => {
  fc.assert(
    fc.property(chain(0), fc.nat(4), ({ records, head }, at) => {
      assert.deepEqual(verifyChain(records, { to: head }), { ok: true, value: head });
      const from = records[at];
      if (from !== undefined) assert.ok(verifyChain(records.slice(at + 1), { from, to: head }).ok);
    }),
    RUNS,
  );
});

test('any altered field of any record shows', () => {
  fc.assert(
    fc.property(chain(1), fc.nat(), fc.jsonValue(), ({ records, head }, at, value) => {
      const i = at % records.length;
      const before = records[i] as ChainedAuditRecord;
      for (const field of [...Object.keys(before), 'added']) {
        const forged = { ...before, [field]: value };
        if (canonicalJson(forged) === canonicalJson(before)) continue;
        assert.equal(verifyChain(records.with(i, forged), { to: head }).ok, false, field);
      }
    }),
    RUNS,
  );
});

test('an altered record with its hash made anew still shows', () => {
  fc.assert(
    fc.property(chain(1), fc.nat(), fc.string(), ({ records, head }, at, target) => {
      const i = at % records.length;
      const before = records[i];
      fc.pre(before !== undefined && before.target !== target);
      const { serial, prev, hash, ...entry } = before as ChainedAuditRecord;
      const forged = seal({ serial: serial - 1, hash: prev }, { ...entry, target });
      assert.notEqual(forged.hash, hash);
      assert.equal(verifyChain(records.with(i, forged), { to: head }).ok, false);
    }),
    RUNS,
  );
});

test('any removed, repeated or swapped record shows', () => {
  fc.assert(
    fc.property(chain(2), fc.nat(), fc.nat(), ({ records, head }, a, b) => {
      const [i, j] = [a % records.length, b % records.length];
      assert.equal(verifyChain(records.toSpliced(i, 1), { to: head }).ok, false, 'removed');
      assert.equal(
        verifyChain(records.toSpliced(i, 0, records[j] as ChainedAuditRecord), { to: head }).ok,
        false,
        'repeated',
      );
      if (i === j) return;
      const swapped = records.with(i, records[j] as ChainedAuditRecord).with(j, records[i] as ChainedAuditRecord);
      assert.equal(verifyChain(swapped, { to: head }).ok, false, 'swapped');
    }),
    RUNS,
  );
});

test('what is no record is named, whatever it is', () => {
  fc.assert(fc.property(fc.jsonValue(), (stored) => assert.equal(follow(GENESIS, stored).ok, false)));
});

test('the faults tell apart', () => {
  const entry = { action: 'block_ip', target: '192.0.2.1' } as AuditRecord;
  const first = seal(GENESIS, entry);
  const second = seal(first, entry);
  const stray = seal({ serial: 1, hash: 'f'.repeat(64) }, entry);
  const code = (records: unknown[], to?: ChainHead) => {
    const verified = verifyChain(records, to === undefined ? {} : { to });
    return verified.ok ? 'ok' : verified.code;
  };
  assert.equal(code([first, second]), 'ok');
  assert.equal(code([second]), 'missing');
  assert.equal(code([first], second), 'missing');
  assert.equal(code([first, stray]), 'unlinked');
  assert.equal(code([first, second], first), 'unlinked');
  assert.equal(code([first, { ...second, target: '' }]), 'altered');
  assert.equal(code([first, second], { ...second, hash: first.hash }), 'altered');
});

test('canonical JSON ignores the order of members and keeps everything else', () => {
  assert.equal(
    canonicalJson({ b: [1, { d: null, c: undefined }], a: -0, '': 'é\n' }),
    '{"":"é\\n","a":0,"b":[1,{"d":null}]}',
  );
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: plain }), (value) => {
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.string(), fc.integer()), { selector: ([name]) => name }), (members) => {
      const reversed = Object.fromEntries(members.toReversed());
      assert.equal(canonicalJson(Object.fromEntries(members)), canonicalJson(reversed));
    }),
  );
});

for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => {}, undefined])
  test(`canonical JSON refuses ${typeof value} ${String(value)}`, () =>
    assert.throws(() => canonicalJson(value), TypeError));
