import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEnvelope,
  decodeOrder,
  encodeOrder,
  envelopeReader,
  LIMITS,
} from '../../../../actors/link-wire/index.ts';
import { hours, millis, plus, seconds } from '../../../../core/base/time.ts';
import { CommandWindow } from '../../../../core/link/commands.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { type Bench, judge } from '../../../../core/link/judge.ts';
import type { Order } from '../../../../core/link/order.ts';
import { v1 } from '../../../../proto/index.ts';
import { anyOrder, commandOrder, NOW, order, SERIAL, sealed, TENANT, testKey } from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const ops = testKey('ops');

const bench = (): Bench => ({
  reader: envelopeReader,
  recipient: { tenant: TENANT, role: 'appliance', serial: SERIAL },
  ring: { generation: 1, keys: [ops.key] },
  taken: new Map(),
  commands: new CommandWindow(),
  clock: { now: NOW, isSet: true },
});

test('every order is read as it was meant', () => {
  fc.assert(
    fc.property(anyOrder, (given) => {
      const payload = encodeOrder(given);
      assert.ok(payload.ok, payload.ok ? '' : payload.public);
      assert.deepEqual(decodeOrder(payload.value), { ok: true, value: structuredClone(given) });
    }),
  );
});

test('whatever becomes of the bytes of an envelope, it is refused or says what was signed', () => {
  const mutation = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('flip', 'cut', 'drop', 'insert', 'repeat'),
    byte: fc.nat(255),
    length: fc.nat(20),
  });
  fc.assert(
    fc.property(anyOrder, fc.array(mutation, { minLength: 1, maxLength: 3 }), (given, mutations) => {
      const { bytes, digest } = sealed(given, ops);
      const mutant = mutations.reduce((bytes, { at, kind, byte, length }) => {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
        switch (kind) {
          case 'flip':
            return bytes.map((one, i) => (i === place ? byte : one));
          case 'cut':
            return before;
          case 'drop':
            return Buffer.concat([before, after.subarray(length)]);
          case 'insert':
            return Buffer.concat([before, Uint8Array.of(byte), after]);
          default:
            return Buffer.concat([before, bytes.subarray(place, place + length), after]);
        }
      }, bytes);
      const verdict = judge(mutant, bench());
      if (verdict.kind !== 'accepted') return;
      assert.deepEqual(verdict.order, structuredClone(given));
      assert.equal(verdict.digest, digest);
    }),
  );
});

test('bytes from anywhere are refused, and nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.notEqual(judge(bytes, bench()).kind, 'accepted');
      decodeOrder(bytes);
    }),
  );
});

// biome-ignore lint/suspicious/noExplicitAny: what is changed has no type of ours any more.
type Anything = any;
const block = order({
  kind: 'command',
  command: { kind: 'block', target: '192.0.2.1', reason: 'scan', lasts: seconds(60) },
});

/** The message of an order with something about it changed. */
function changed(given: Order, change: (wire: Anything) => void): Uint8Array {
  const payload = encodeOrder(given);
  assert.ok(payload.ok);
  const wire = v1.Order.decode(payload.value);
  change(wire);
  return v1.Order.encode(wire).finish();
}

const desired = order({
  kind: 'desired',
  desired: { parent: undefined, sections: [], trial: seconds(300), rules: [] },
});
const keys = order({ kind: 'keys', keys: { keys: [ops.key] } });
const lease = order({
  kind: 'lease',
  lease: { shard: 1, holder: 'one', until: plus(NOW, seconds(60)), positions: [] },
});
const list = order({
  kind: 'list',
  list: {
    name: 'bad',
    purpose: 'block',
    entries: 1,
    contentSha256: '00'.repeat(32) as Hex,
    whole: [],
    deltas: [],
    withdrawn: false,
  },
});

const refusals: readonly [string, Order, (wire: Anything) => void, RegExp][] = [
  ['no id', block, (wire) => (wire.id = new Uint8Array(0)), /^Order\.id: has 0 bytes/],
  ['an id that is none', block, (wire) => (wire.id = new Uint8Array(16)), /^Order\.id: is no UUID/],
  [
    'an id by content',
    block,
    (wire) => (wire.id = wire.id.map((b: number, i: number) => (i === 6 ? 0x80 : b))),
    /version 7$/,
  ],
  ['no tenant', block, (wire) => (wire.tenant = ''), /^Order\.tenant: is not of the form/],
  ['a tenant that is a topic', block, (wire) => (wire.tenant = 'a/b'), /^Order\.tenant/],
  ['a serial that is none', block, (wire) => (wire.appliance = '+'), /^Order\.appliance: is no serial/],
  ['a command for everybody', block, (wire) => (wire.appliance = ''), /command is not for everybody/],
  ['desired for everybody', desired, (wire) => (wire.appliance = ''), /desired is not for everybody/],
  ['a command with a generation', block, (wire) => (wire.generation = 1), /^Order\.generation: is 1/],
  ['desired without one', desired, (wire) => (wire.generation = 0), /^Order\.generation: is 0/],
  ['a number beyond 2^53', desired, (wire) => (wire.generation = 2 ** 53), /^Order\.generation: is 9007199254740992/],
  ['an end before the beginning', block, (wire) => (wire.notAfter = NOW - 1), /^Order\.not_after/],
  ['an end that no calendar reaches', block, (wire) => (wire.notAfter = 8.64e15 + 1), /^Order\.not_after/],
  ['no body', block, (wire) => (wire.command = null), /^Order\.body: is missing/],
  ['no command', block, (wire) => (wire.command.block = null), /^Order\.command\.what: is missing/],
  ['no address', block, (wire) => (wire.command.block.target = ''), /^Order\.command\.block\.target/],
  ['host bits', block, (wire) => (wire.command.block.target = '192.0.2.1/24'), /is to be written as 192\.0\.2\.0\/24/],
  [
    'an address as a network',
    block,
    (wire) => (wire.command.block.target = '192.0.2.1/32'),
    /written as 192\.0\.2\.1$/,
  ],
  ['a long reason', block, (wire) => (wire.command.block.reason = 'x'.repeat(257)), /block\.reason: has 257/],
  ['a trial of a second', desired, (wire) => (wire.desired.trialSeconds = 1), /^Order\.desired\.trial_seconds: is 1/],
  [
    'values that are no object',
    desired,
    (wire) => (wire.desired.sections = [{ name: 'firewall', values: Buffer.from('[]') }]),
    /^Order\.desired\.sections\[0\]\.values: is no JSON object/,
  ],
  [
    'values that are no UTF-8',
    desired,
    (wire) => (wire.desired.sections = [{ name: 'firewall', values: Buffer.from('7b22ff223a317d', 'hex') }]),
    /sections\[0\]\.values: is no JSON in UTF-8/,
  ],
  [
    'a key that reaches prototypes',
    desired,
    (wire) => (wire.desired.sections = [{ name: 'firewall', values: Buffer.from('{"a":{"__proto__":1}}') }]),
    /"__proto__"/,
  ],
  [
    'values a thousand deep',
    desired,
    (wire) =>
      (wire.desired.sections = [
        { name: 'firewall', values: Buffer.from(`{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`) },
      ]),
    /more than 32 levels/,
  ],
  [
    'a section twice',
    desired,
    (wire) =>
      (wire.desired.sections = [
        { name: 'a', values: Buffer.from('{}') },
        { name: 'a', values: Buffer.from('{}') },
      ]),
    /^Order\.desired\.sections: names "a" twice/,
  ],
  [
    'rules of another checksum',
    desired,
    (wire) => (wire.desired.rules = [{ name: 'a.yaml', sha256: Buffer.alloc(32), content: Buffer.from('x') }]),
    /^Order\.desired\.rules\[0\]\.sha256: is not that/,
  ],
  [
    'rules elsewhere',
    desired,
    (wire) => (wire.desired.rules = [{ name: '../a', sha256: Buffer.alloc(32), content: Buffer.from('x') }]),
    /^Order\.desired\.rules\[0\]/,
  ],
  ['no keys', keys, (wire) => (wire.keys.keys = []), /^Order\.keys\.keys: is empty/],
  ['nobody who may order keys', keys, (wire) => (wire.keys.keys[0].kinds = [16]), /needs a key that may order keys/],
  ['an unknown kind', keys, (wire) => (wire.keys.keys[0].kinds = [2, 99]), /kinds\[1\]\.kind: has the value 99/],
  ['a key twice', keys, (wire) => wire.keys.keys.push(wire.keys.keys[0]), /is in the set twice/],
  [
    'a key for which anybody can sign',
    keys,
    (wire) => (wire.keys.keys[0].publicKey = Buffer.from(`01${'00'.repeat(30)}80`, 'hex')),
    /keys\[0\]\.public_key: is a key for which anybody can sign/,
  ],
  ['a shard that is none', lease, (wire) => (wire.lease.shard = 64), /^Order\.lease\.shard: is 64/],
  ['no holder', lease, (wire) => (wire.lease.holder = ''), /^Order\.lease\.holder/],
  ['a list that is a path', list, (wire) => (wire.list.name = '../x'), /^Order\.list\.name/],
  ['a list for nothing', list, (wire) => (wire.list.purpose = 0), /^Order\.list\.purpose: has the value 0/],
  ['nine deltas', list, (wire) => (wire.list.deltas = Array(9).fill({})), /^Order\.list\.deltas: has 9 entries/],
  [
    'a delta without a part',
    list,
    (wire) => (wire.list.deltas = [{ fromGeneration: 1, fromSha256: Buffer.alloc(32) }]),
    /deltas\[0\]\.part: is missing/,
  ],
];
for (const [name, given, change, told] of refusals) {
  test(`an order with ${name} is refused`, () => {
    const read = decodeOrder(changed(given, change));
    assert.equal(read.ok, false);
    assert.equal(read.code, 'malformed');
    assert.match(read.public, told);
  });
}

const extended = (...fields: readonly Uint8Array[]): Uint8Array => {
  const payload = encodeOrder(block);
  assert.ok(payload.ok);
  return Buffer.concat([payload.value, ...fields]);
};
const without = v1.Order.encode({ ...v1.Order.decode(extended()), command: null }).finish();
const commandBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const command = Buffer.concat([v1.Command.encode({ block: { target: '192.0.2.1' } }).finish(), ...parts]);
  return Buffer.concat([without, Uint8Array.of((11 << 3) | 2, command.length), command]);
};
for (const [name, payload] of [
  ['says a body twice', extended(v1.Order.encode({ lease: { shard: 1, holder: 'one' } }).finish(), commandBytes())],
  ['says two commands', commandBytes(v1.Command.encode({ scan: {} }).finish())],
  ['has a field that is not known', extended(Uint8Array.of(0xf8, 0x07, 1))],
  ['has one deep inside', commandBytes(Uint8Array.of(0xf8, 0x07, 1))],
  ['says a default', extended(Uint8Array.of(4 << 3, 0))],
  ['has a number in more bytes than it needs', extended(Uint8Array.of(4 << 3, 0x80, 0))],
  ['has its fields in another order', Buffer.concat([v1.Order.encode({ tenant: TENANT }).finish(), without])],
] as const) {
  test(`an order that ${name} is not passed over in part`, () => {
    const read = decodeOrder(payload);
    assert.match(read.ok ? '' : read.public, /canonical|body: is missing/);
  });
}

test('a replay of more than 100,000 numbers is refused', () => {
  const asked = { kind: 'replay', stream: 'audit', epoch: 'a', from: 1 } as const;
  assert.ok(encodeOrder(commandOrder({ ...asked, to: 100_001 })).ok);
  assert.equal(encodeOrder(commandOrder({ ...asked, to: 100_002 })).ok, false);
});

test('texts that are no UTF-8 are refused', () => {
  const payload = Buffer.from(changed(block, () => {}));
  payload[payload.indexOf('scan')] = 0xff;
  const read = decodeOrder(payload);
  assert.equal(read.ok ? '' : read.code, 'malformed');
});

test('what cannot be said is not signed', () => {
  const half = commandOrder({ kind: 'diagnostics', log: millis(1500) });
  const odd = commandOrder({ kind: 'restart', reason: 'lone \ud800 surrogate' });
  assert.equal(encodeOrder(half).ok, false);
  assert.equal(encodeOrder(odd).ok, false);
});

test('an envelope is refused by its length before it is read', () => {
  const read = decodeEnvelope(new Uint8Array(LIMITS.Envelope + 1));
  assert.equal(read.ok ? '' : read.code, 'too_long');
  const desiredMuch = order({
    kind: 'desired',
    desired: {
      parent: undefined,
      sections: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, values: { x: 'y'.repeat(220_000) } })),
      trial: seconds(300),
      rules: [],
    },
  });
  const payload = encodeOrder(desiredMuch);
  assert.equal(payload.ok ? '' : payload.code, 'too_long');
});

test('an envelope needs one to four signatures of as many keys', () => {
  const signature = { keyId: Buffer.alloc(8), signature: Buffer.alloc(64) };
  const other = (id: number) => ({ ...signature, keyId: Buffer.alloc(8, id) });
  for (const [signatures, told] of [
    [[], /signatures: is empty/],
    [[signature, signature], /names "0000000000000000" twice/],
    [[0, 1, 2, 3, 4].map(other), /5 entries/],
    [[{ ...signature, signature: Buffer.alloc(63) }], /signatures\[0\]\.signature: has 63 bytes, 64 are allowed/],
    [[{ ...signature, keyId: Buffer.alloc(9) }], /signatures\[0\]\.key_id/],
  ] as const) {
    const read = decodeEnvelope(v1.Envelope.encode({ payload: Buffer.alloc(1), signatures: [...signatures] }).finish());
    assert.match(read.ok ? '' : read.public, told);
  }
  const none = v1.Envelope.encode({ signatures: [signature] }).finish();
  assert.match(((read) => (read.ok ? '' : read.public))(decodeEnvelope(none)), /payload: has 0 bytes/);
});

test('a day is the longest that a command lives', () => {
  const long = { ...block, notAfter: plus(NOW, hours(25)) };
  const verdict = judge(sealed(long, ops).bytes, bench());
  assert.equal(verdict.kind === 'refused' ? verdict.code : '', 'too_long');
});
