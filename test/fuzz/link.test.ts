/** What a broker hands over: mutated bytes, topics and properties. Nothing of it throws, and nothing is done that was not signed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contentType,
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  decodeEnrolmentRequest,
  decodeEnvelope,
  decodeListChange,
  decodeListContent,
  decodeOrder,
  encodeEnrolmentReply,
  encodeEnrolmentRequest,
  encodeEnvelope,
  encodeListContent,
  encodeOrder,
  encodePresence,
  encodeReported,
  encodeResult,
  encodeStreamBatch,
  envelopeReader,
  readIncoming,
} from '../../actors/link-wire/index.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { Order } from '../../core/link/order.ts';
import {
  fleetKeysTopic,
  leaseTopic,
  listManifestTopic,
  listPartTopic,
  parseTopic,
  topicOf,
} from '../../core/link/topics.ts';
import { fuzz, type Mutator } from '../support/fuzz.ts';
import { ModelAppliance } from '../support/link-appliance.ts';
import {
  batchOf,
  ENROLMENT_REPLY,
  ENROLMENT_REQUEST,
  ITEMS,
  PRESENCE,
  REPORTED,
  RESULT,
} from '../support/link-messages.ts';
import { anyOrder, SERIAL, sealed, setOf, TENANT, testKey } from '../support/link-orders.ts';
import { bytesOfText } from '../support/lists.ts';
import { fc, SEED } from '../support/random.ts';

const [ops, guard, stranger] = [testKey('ops'), testKey('guard', ['block']), testKey('stranger')];
const ORDERS: readonly Order[] = fc.sample(anyOrder, { numRuns: 60, seed: SEED });
const bytesOf = (made: { readonly ok: boolean; readonly value?: Uint8Array }): Uint8Array =>
  made.value ?? assert.fail();

test('a mutated envelope is refused or says what was signed, and changes nothing but by that', () => {
  const signed = ORDERS.map((order, i) =>
    sealed(order, ...(i % 3 === 0 ? [ops, guard] : i % 3 === 1 ? [ops] : [stranger])),
  );
  const meant = new Map(signed.map(({ digest }, i) => [digest, ORDERS[i]]));
  let [accepted, refused] = [0, 0];
  const runs = fuzz(
    'link-envelopes',
    signed.map(({ bytes }) => bytes),
    (mutator) => {
      const appliance = new ModelAppliance({ generation: 1, keys: setOf(ops, guard).keys });
      const before = structuredClone(appliance.effects);
      for (let i = mutator.below(3); i >= 0; i--) appliance.deliver(mutator.mutant());
      if (appliance.accepted.length === 0) {
        assert.deepEqual(appliance.effects, before);
        refused++;
      }
      for (const { order, digest } of appliance.accepted) {
        assert.deepEqual(order, structuredClone(meant.get(digest)));
        accepted++;
      }
    },
  );
  console.log(`${runs} runs: ${accepted} orders accepted as they were signed, ${refused} runs without any`);
});

test('mutated payloads that a believed key signed are judged, too', () => {
  const corpus = ORDERS.map((order) => bytesOf(encodeOrder(order)));
  const codes: Record<string, number> = {};
  fuzz('link-signed', corpus, (mutator) => {
    const appliance = new ModelAppliance({ generation: 1, keys: setOf(ops).keys });
    const payload = mutator.mutant();
    const signature = { keyId: ops.keyId, signature: ops.sign('order', payload) };
    const envelope = encodeEnvelope({ payload, signatures: [signature] });
    if (!envelope.ok) return;
    const verdict = appliance.deliver(envelope.value);
    const code = verdict.kind === 'refused' ? verdict.code : verdict.kind;
    codes[code] = (codes[code] ?? 0) + 1;
    assert.ok(verdict.kind !== 'accepted' || bytesOf(encodeOrder(verdict.order)).length > 0);
    if (verdict.kind === 'refused') assert.deepEqual(verdict.signer, ops.key);
  });
  console.log(codes);
});

test('mutated payloads of orders and enrolment are read or refused', () => {
  const corpus = [
    ...ORDERS.map((order) => bytesOf(encodeOrder(order))),
    bytesOf(encodeEnrolmentRequest(ENROLMENT_REQUEST)),
    bytesOf(encodeEnrolmentReply(ENROLMENT_REPLY)),
    bytesOf(encodeListContent({ v4: Uint8Array.of(1, 2, 3), v6: Uint8Array.of(4) })),
  ];
  const decoders = [
    decodeOrder,
    decodeEnvelope,
    decodeEnrolmentRequest,
    decodeEnrolmentReply,
    decodeEnrolmentRefusal,
    decodeListContent,
    decodeListChange,
  ];
  fuzz('link-payloads', corpus, (mutator) => {
    const mutant = mutator.mutant();
    const read = decoders[mutator.below(decoders.length)]?.(mutant);
    assert.ok(read?.ok || (read?.public ?? '').length > 0);
    const order = decodeOrder(mutant);
    if (!order.ok) return;
    assert.deepEqual(decodeOrder(bytesOf(encodeOrder(order.value))), order);
  });
});

const of = { tenant: TENANT, serial: SERIAL };
const TOPICS = [
  topicOf(of, { kind: 'presence' }),
  topicOf(of, { kind: 'reported' }),
  topicOf(of, { kind: 'cmd' }),
  topicOf(of, { kind: 'result', id: RESULT.id }),
  topicOf(of, { kind: 'stream', stream: 'finding' }),
  topicOf(of, { kind: 'stream', stream: 'event' }),
  fleetKeysTopic(TENANT),
  listManifestTopic(TENANT, 'bad'),
  listPartTopic(TENANT, 'ab'.repeat(32) as Hex),
  leaseTopic(TENANT, 7),
];

/** Properties of a PUBLISH as mqtt.js gives them, whole or spoiled. */
function properties(mutator: Mutator): unknown {
  const text = new TextDecoder().decode(mutator.mutant());
  const given = [undefined, null, text, contentType('Presence'), contentType('Envelope'), 7, {}, [], () => text];
  const any = (): unknown => given[mutator.below(given.length)];
  switch (mutator.below(8)) {
    case 0:
      return any();
    case 1:
      return { contentType: any() };
    case 2:
      return {
        contentType: any(),
        userProperties: { [text]: any() },
        responseTopic: text,
        messageExpiryInterval: any(),
      };
    case 3:
      return Object.assign(Object.create(null), { contentType: any(), correlationData: mutator.mutant() });
    default:
      return {};
  }
}

test('mutated messages on mutated topics with mutated properties are read or refused', () => {
  const corpus = [
    encodePresence(PRESENCE),
    encodeReported(REPORTED),
    bytesOf(encodeResult(RESULT)),
    ...Object.values(ITEMS).map((item) => bytesOf(encodeStreamBatch(batchOf(item)))),
    ...ORDERS.slice(0, 10).map((order) => sealed(order, ops).bytes),
    ...TOPICS.map(bytesOfText),
  ];
  const kinds: Record<string, number> = {};
  fuzz('link-incoming', corpus, (mutator) => {
    const whole = TOPICS[mutator.below(TOPICS.length)] ?? '';
    const topic = mutator.below(3) === 0 ? new TextDecoder().decode(mutator.mutant()) : whole;
    const parsed = parseTopic(topic);
    if (parsed !== undefined && 'serial' in parsed) assert.equal(topicOf(parsed, parsed), topic);
    const payload = mutator.below(4) === 0 ? corpus[mutator.below(corpus.length)] : undefined;
    const read = readIncoming(topic, payload ?? mutator.mutant(), properties(mutator));
    const kind = read.ok ? read.value.is : read.code;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (!read.ok) assert.notEqual(read.public, '');
    else if (read.value.is === 'envelope') envelopeReader.envelope(read.value.bytes);
  });
  console.log(kinds);
});
