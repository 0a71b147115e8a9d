import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  decodeEnrolmentRequest,
  decodeListChange,
  decodeListContent,
  decodePresence,
  decodeReported,
  decodeResult,
  decodeStreamBatch,
  encodeEnrolmentRefusal,
  encodeEnrolmentReply,
  encodeEnrolmentRequest,
  encodeListChange,
  encodeListContent,
  encodePresence,
  encodeReported,
  encodeResult,
  encodeStreamBatch,
  LIMITS,
  MOST_ITEMS,
  sizeOfItem,
  type Unreadable,
} from '../../../../actors/link-wire/index.ts';
import { ok, type Result } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import type { StreamItem } from '../../../../core/link/stream.ts';
import { v1 } from '../../../../proto/index.ts';
import {
  batchOf,
  ENROLMENT_REPLY,
  ENROLMENT_REQUEST,
  ITEMS,
  PRESENCE,
  REPORTED,
  RESULT,
} from '../../../support/link-messages.ts';
import { fc } from '../../../support/random.ts';

const content = { v4: Uint8Array.of(1, 2), v6: new Uint8Array(0) };
const refusal = { code: 'used_token', text: 'the token was used' } as const;

/** Each message: one, and both ways. */
type Case = readonly [
  string,
  unknown,
  Result<Uint8Array, Unreadable>,
  (bytes: Uint8Array) => Result<unknown, Unreadable>,
];
const cases: readonly Case[] = [
  ['Presence', PRESENCE, ok(encodePresence(PRESENCE)), decodePresence],
  ['Reported', REPORTED, ok(encodeReported(REPORTED)), decodeReported],
  ['Result', RESULT, encodeResult(RESULT), decodeResult],
  ...Object.values(ITEMS).map(
    (item): Case => [`StreamBatch of ${item.kind}`, batchOf(item), encodeStreamBatch(batchOf(item)), decodeStreamBatch],
  ),
  ['ListContent', content, encodeListContent(content), decodeListContent],
  [
    'ListChange',
    { added: content, removed: content },
    encodeListChange({ added: content, removed: content }),
    decodeListChange,
  ],
  ['EnrolmentRequest', ENROLMENT_REQUEST, encodeEnrolmentRequest(ENROLMENT_REQUEST), decodeEnrolmentRequest],
  ['EnrolmentReply', ENROLMENT_REPLY, encodeEnrolmentReply(ENROLMENT_REPLY), decodeEnrolmentReply],
  ['EnrolmentRefusal', refusal, ok(encodeEnrolmentRefusal(refusal)), decodeEnrolmentRefusal],
];
for (const [name, given, bytes, decode] of cases) {
  test(`${name} is read as it was meant`, () => {
    assert.ok(bytes.ok, bytes.ok ? '' : bytes.public);
    assert.deepEqual(decode(bytes.value), { ok: true, value: given });
  });
  test(`${name} in any other bytes is read or refused`, () => {
    assert.ok(bytes.ok);
    const { value } = bytes;
    fc.assert(
      fc.property(fc.nat(value.length), fc.nat(value.length), fc.nat(255), (from, to, byte) => {
        for (const mutant of [
          value.map((one, i) => (i === from ? byte : one)),
          Buffer.concat([value.subarray(0, from), value.subarray(to)]),
        ]) {
          const read = decode(mutant);
          assert.ok(read.ok || /^\w+[.:]/.test(read.public));
        }
      }),
      { numRuns: 60 },
    );
  });
}

test('whatever a log line says, what is told of it can be read', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('\ud800', 'a'.repeat(20_000), `a${'\u{1f600}'.repeat(3000)}`, '\0'),
  );
  const number = fc.oneof(fc.double(), fc.constantFrom(-1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 0.5));
  fc.assert(
    fc.property(odd, number, (text, count) => {
      const moment = millis(count);
      const finding = ITEMS.finding as Extract<StreamItem, { kind: 'finding' }>;
      const event = ITEMS.event as Extract<StreamItem, { kind: 'event' }>;
      const batch = batchOf(
        { ...finding, finding: { ...finding.finding, message: text, details: text, check: text, count, at: moment } },
        { ...event, event: { ...event.event, message: text, fields: { [text]: text, more: text }, at: moment } },
      );
      const made = encodeStreamBatch(batch);
      assert.ok(made.ok);
      const again = decodeStreamBatch(made.value);
      assert.ok(again.ok, again.ok ? '' : again.public);
      const { facts, components, firewall } = REPORTED;
      const reported = {
        ...REPORTED,
        at: moment,
        facts: { ...facts, hostname: text, addresses: [text] },
        components: components.map((one) => ({ ...one, message: text })),
        firewall: { ...firewall, reason: text, blocks: count, enforced: count },
      };
      const read = decodeReported(encodeReported(reported));
      assert.ok(read.ok, read.ok ? '' : read.public);
      assert.ok(decodePresence(encodePresence({ ...PRESENCE, bootId: text, connection: count })).ok);
      assert.ok(encodeResult({ ...RESULT, text, code: text, at: moment }).ok);
    }),
    { numRuns: 60 },
  );
});

test('a report that is as long as one can be is read', () => {
  const long = '\uffff'.repeat(3000);
  const most = <T>(one: T | undefined): T[] => Array(300).fill(one);
  const { components, slots, lists, streams, desired } = REPORTED;
  const reported = {
    ...REPORTED,
    components: most({ ...components[0], name: long, state: long, message: long }),
    slots: most({ ...slots[0], name: long, version: long, state: long }),
    lists: most({ ...lists[0], name: long, trouble: long }),
    streams: most(streams[0]),
    desired: { ...desired, text: long, changedHere: most(long) },
  } as typeof REPORTED;
  const bytes = encodeReported(reported);
  const read = decodeReported(bytes);
  assert.ok(read.ok, read.ok ? '' : `${bytes.length} bytes: ${read.public}`);
});

test('a batch that is too much for one message is not made; an item tells its size', () => {
  const record = new Uint8Array(LIMITS.StreamBatch);
  const audit = { kind: 'audit', audit: { serial: 1, record, hash: 'ab'.repeat(32) as never } } as const;
  const made = encodeStreamBatch(batchOf(audit));
  assert.equal(made.ok ? '' : made.code, 'too_long');
  assert.ok(sizeOfItem(audit) > LIMITS.StreamBatch);
  for (const none of [
    batchOf(),
    batchOf(...Array(MOST_ITEMS + 1).fill(ITEMS.gap)),
    { ...batchOf(ITEMS.gap), first: 0 },
  ]) {
    const made = encodeStreamBatch(none);
    assert.equal(made.ok ? '' : made.code, 'malformed');
  }
  const one = encodeStreamBatch(batchOf(ITEMS.finding));
  assert.ok(one.ok && Math.abs(one.value.length - sizeOfItem(ITEMS.finding)) < 20);
});

test('what no stream says is refused, with its place', () => {
  for (const [wire, told] of [
    [{ first: 1, items: [{ gap: { count: 1, reason: 'size' } }] }, /^StreamBatch\.epoch: is missing/],
    [{ epoch: 'a', first: 0, items: [{ gap: { count: 1, reason: 'size' } }] }, /^StreamBatch\.first: is 0/],
    [{ epoch: 'a', first: 1, items: [] }, /^StreamBatch\.items: is empty/],
    [{ epoch: 'a', first: 1, items: [{}] }, /items\[0\]\.item: is missing/],
    [{ epoch: 'a', first: 1, items: [{ gap: { count: 0, reason: 'size' } }] }, /items\[0\]\.gap\.count: is 0/],
    [{ epoch: 'a', first: 1, items: [{ gap: { count: 1, reason: 'x' } }] }, /items\[0\]\.gap\.reason: is none of/],
    [
      { epoch: 'a', first: 2 ** 53 - 2, items: [{ gap: { count: 9, reason: 'size' } }] },
      /^StreamBatch\.items: have numbers that are too large/,
    ],
    [{ epoch: 'a', first: 1, items: Array(MOST_ITEMS + 1).fill({}) }, new RegExp(`has ${MOST_ITEMS + 1} entries`)],
  ] as const) {
    const read = decodeStreamBatch(v1.StreamBatch.encode({ ...wire, items: [...wire.items] }).finish());
    assert.match(read.ok ? '' : read.public, told);
  }
});

test('brokers of a fleet are reached over TLS', () => {
  const read = encodeEnrolmentReply({ ...ENROLMENT_REPLY, brokers: ['mqtt://broker.example'] });
  assert.match(read.ok ? '' : read.public, /brokers\[0\]\.url/);
});
