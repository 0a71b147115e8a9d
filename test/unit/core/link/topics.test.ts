import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex } from '../../../../core/base/ids.ts';
import { serialOf } from '../../../../core/field/serial.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { TOPICS } from '../../../../core/link/topic-table.ts';
import {
  type ApplianceTopic,
  applianceFilters,
  filterOf,
  fleetKeysTopic,
  leaseFilter,
  leaseTopic,
  listManifestTopic,
  listPartTopic,
  parseTopic,
  shardFilters,
  shardOf,
  topicOf,
} from '../../../../core/link/topics.ts';
import { anyId, SERIAL } from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const tenant = 'north';
const of = { tenant, serial: SERIAL };

const anySerial = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((digest) => serialOf(digest));
const anyTopic: fc.Arbitrary<ApplianceTopic> = fc.oneof(
  fc.constantFrom('presence', 'reported', 'desired', 'keys', 'cmd').map((kind) => ({ kind }) as ApplianceTopic),
  fc.constantFrom('finding', 'incident', 'audit', 'event').map((stream) => ({ kind: 'stream', stream }) as const),
  anyId.map((id) => ({ kind: 'result', id }) as const),
);

test('a topic is taken apart as it was made', () => {
  fc.assert(
    fc.property(anySerial, anyTopic, (serial, topic) => {
      const parsed = parseTopic(topicOf({ tenant, serial }, topic));
      assert.deepEqual(parsed, { ...topic, tenant, serial, shard: shardOf(serial) });
    }),
  );
  assert.equal(
    topicOf(of, { kind: 'cmd' }),
    `bartizan/1/north/${shardOf(SERIAL).toString(16).padStart(2, '0')}/4K7Q-M2XW-9TC/cmd`,
  );
});

test('topics of a fleet are taken apart as they were made', () => {
  const sha256 = sha256Hex(new Uint8Array(1)) as Hex;
  assert.deepEqual(parseTopic(fleetKeysTopic(tenant)), { kind: 'fleet_keys', tenant });
  assert.deepEqual(parseTopic(listManifestTopic(tenant, 'part')), { kind: 'list_manifest', tenant, list: 'part' });
  assert.deepEqual(parseTopic(listPartTopic(tenant, sha256)), { kind: 'list_part', tenant, sha256 });
  assert.deepEqual(parseTopic(leaseTopic(tenant, 63)), { kind: 'lease', tenant, shard: 63 });
});

test('shards are the first 6 bits of the SHA-256 of the serial, and all of them are used', () => {
  assert.equal(shardOf(SERIAL), Number.parseInt(sha256Hex(new TextEncoder().encode(SERIAL)).slice(0, 2), 16) >> 2);
  const shards = new Set(fc.sample(anySerial, 1500).map(shardOf));
  assert.equal(shards.size, 64);
});

const base = topicOf(of, { kind: 'cmd' }).slice(0, -4);
for (const text of [
  '',
  '/',
  'bartizan/1',
  'bartizan/2/north/keys',
  'bartizan/1/North/keys',
  'bartizan/1//keys',
  'bartizan/1/north/keys/',
  'bartizan/1/north/list//manifest',
  'bartizan/1/north/list/bad/part',
  'bartizan/1/north/list/part/abc',
  'bartizan/1/north/40/lease',
  'bartizan/1/north/00/lease/x',
  `bartizan/1/north/${shardOf(SERIAL) === 0 ? '01' : '00'}/${SERIAL}/cmd`,
  `${base}`,
  `${base}/`,
  `${base}/toString`,
  `${base}/cmd/`,
  `${base}/cmd/x/result`,
  `${base}/stream`,
  `${base}/stream/constructor`,
  `${base}/stream/+`,
  base.toLowerCase(),
  `${base}/cmd${'x'.repeat(300)}`,
]) {
  test(`"${text.slice(0, 60)}" is no topic of ours`, () => assert.equal(parseTopic(text), undefined));
}

/** As a broker matches. */
const matches = (filter: string, topic: string): boolean =>
  new RegExp(`^${filter.replaceAll('+', '[^/]+')}$`).test(topic);

test('a topic is where the table says', () => {
  fc.assert(
    fc.property(anySerial, anyTopic, (serial, topic) => {
      const whose = { tenant, shard: '+', serial };
      assert.ok(matches(filterOf(TOPICS[topic.kind], whose), topicOf({ tenant, serial }, topic)));
    }),
  );
  const sha256 = sha256Hex(new Uint8Array(1)) as Hex;
  for (const [row, topic] of [
    [TOPICS.fleet_keys, fleetKeysTopic(tenant)],
    [TOPICS.list_manifest, listManifestTopic(tenant, 'bad-guys')],
    [TOPICS.list_part, listPartTopic(tenant, sha256)],
    [TOPICS.lease, leaseTopic(tenant, 63)],
  ] as const) {
    assert.ok(matches(filterOf(row, { tenant, shard: '3f', serial: '' }), topic), topic);
  }
});

test('an appliance hears what is for it, and who holds a shard what its appliances say', () => {
  const told = ['presence', 'reported'].map((kind) => topicOf(of, { kind } as ApplianceTopic));
  const ordered = [topicOf(of, { kind: 'cmd' }), topicOf(of, { kind: 'desired' }), fleetKeysTopic(tenant)];
  const hears = (filters: readonly string[], topic: string): boolean => filters.some((one) => matches(one, topic));
  for (const topic of ordered) assert.ok(hears(applianceFilters(of), topic));
  for (const topic of told)
    assert.ok(!hears(applianceFilters(of), topic) && hears(shardFilters(tenant, shardOf(SERIAL)), topic));
  assert.ok(hears([leaseFilter(tenant)], leaseTopic(tenant, 7)));
});
