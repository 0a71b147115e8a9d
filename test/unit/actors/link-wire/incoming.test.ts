import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contentType,
  encodePresence,
  encodeReported,
  encodeResult,
  encodeStreamBatch,
  LIMITS,
  LONGEST_PART,
  readIncoming,
} from '../../../../actors/link-wire/index.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { fleetKeysTopic, listPartTopic, topicOf } from '../../../../core/link/topics.ts';
import { batchOf, ITEMS, PRESENCE, REPORTED, RESULT } from '../../../support/link-messages.ts';
import { idAt, NOW, SERIAL, TENANT } from '../../../support/link-orders.ts';

const of = { tenant: TENANT, serial: SERIAL };
const bytesOf = (made: { readonly ok: boolean; readonly value?: Uint8Array }): Uint8Array =>
  made.value ?? assert.fail();
const codeOf = (topic: string, payload: Uint8Array, properties: unknown = {}): string => {
  const read = readIncoming(topic, payload, properties);
  return read.ok ? read.value.is : read.code;
};
const resultTopic = topicOf(of, { kind: 'result', id: RESULT.id });
const result = bytesOf(encodeResult(RESULT));
const findings = topicOf(of, { kind: 'stream', stream: 'finding' });
const presence = topicOf(of, { kind: 'presence' });
const part = listPartTopic(TENANT, 'ab'.repeat(32) as Hex);

for (const [name, topic, payload, properties, wanted] of [
  ['presence', presence, encodePresence(PRESENCE), { contentType: contentType('Presence') }, 'presence'],
  ['a report', topicOf(of, { kind: 'reported' }), encodeReported(REPORTED), undefined, 'reported'],
  ['a result', resultTopic, result, null, 'result'],
  ['a result of another order', topicOf(of, { kind: 'result', id: idAt(NOW, 9) }), result, {}, 'malformed'],
  ['a batch', findings, bytesOf(encodeStreamBatch(batchOf(ITEMS.finding, ITEMS.gap))), {}, 'stream'],
  ['a batch of another stream', findings, bytesOf(encodeStreamBatch(batchOf(ITEMS.audit))), {}, 'malformed'],
  ['an envelope', topicOf(of, { kind: 'cmd' }), Uint8Array.of(1), {}, 'envelope'],
  ['an envelope of the fleet', fleetKeysTopic(TENANT), Uint8Array.of(1), {}, 'envelope'],
  ['an envelope that is too long', fleetKeysTopic(TENANT), new Uint8Array(LIMITS.Envelope + 1), {}, 'too_long'],
  ['a part of a list', part, Uint8Array.of(1), {}, 'list_part'],
  ['a part that is too long', part, new Uint8Array(LONGEST_PART + 1), {}, 'too_long'],
  ['nothing', presence, new Uint8Array(0), {}, 'cleared'],
  ['another topic', 'zigbee2mqtt/bridge', Uint8Array.of(1), {}, 'not_ours'],
  ['another content type', presence, encodePresence(PRESENCE), { contentType: 'application/json' }, 'wrong_type'],
  [
    'a content type that is none',
    presence,
    encodePresence(PRESENCE),
    { contentType: { toString: null } },
    'wrong_type',
  ],
] as const) {
  test(`${name}: ${wanted}`, () => assert.equal(codeOf(topic, payload, properties), wanted));
}
