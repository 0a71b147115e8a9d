/** What was not ordered so, of this appliance, now, by a key that may: refused, in the audit log, and nothing done. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../actors/clock/index.ts';
import {
  decodeEnvelope,
  decodeOrder,
  decodeResult,
  digestOf,
  encodeEnvelope,
  encodeOrder,
  type Signer,
  seal,
} from '../../actors/link-wire/index.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import { hours, millis, minutes, plus, seconds } from '../../core/base/time.ts';
import type { Command, Order, OrderBody } from '../../core/link/order.ts';
import { fleetKeysTopic, listManifestTopic, topicOf } from '../../core/link/topics.ts';
import { noBroker } from '../support/fleet-site.ts';
import type { Edge } from '../support/link/edge.ts';
import { FourSpaces } from '../support/link/four-spaces.ts';
import type { Observer } from '../support/link/observer.ts';
import { setOf, testKey } from '../support/link-orders.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noBroker || namespacesUnavailable();
const TENANT = 'acme';
const VICTIM = '198.51.100.66';
const stranger = testKey(`stranger ${randomUUID()}`);

const bytesOf = (made: { readonly ok: boolean; readonly value?: Uint8Array }): Uint8Array =>
  made.value ?? assert.fail('cannot be said');
const block = (target: string): Command => ({ kind: 'block', target, reason: '', lasts: 'forever' });

/** Orders as the fleet's controller would sign them now. */
function orderOf(body: OrderBody, appliance: string, over: Partial<Order> = {}): Order {
  const now = millis(Date.now());
  const head = {
    id: uuidv7(now, systemRandom),
    tenant: TENANT,
    appliance,
    generation: body.kind === 'command' ? 0 : 9,
  };
  return { ...head, issuedAt: now, notAfter: plus(now, hours(1)), ...body, ...over } as Order;
}

function signed(order: Order, ...signers: readonly Signer[]): Uint8Array {
  const sealed = seal(order, signers);
  assert.ok(sealed.ok, JSON.stringify(sealed));
  return sealed.value.bytes;
}

/** Payload of one envelope under the signatures of another. */
function swapped(payload: Uint8Array, signatures: Uint8Array): Uint8Array {
  const [one, other] = [decodeEnvelope(payload), decodeEnvelope(signatures)];
  assert.ok(one.ok && other.ok);
  return bytesOf(encodeEnvelope({ payload: one.value.payload, signatures: other.value.signatures }));
}

/** Signed as bytes and not as an order: what the key signs for another purpose is no order. */
function undirected(order: Order, signer: Signer): Uint8Array {
  const payload = bytesOf(encodeOrder(order));
  const signature = signer.sign('enrolment', payload);
  return bytesOf(encodeEnvelope({ payload, signatures: [{ keyId: signer.keyId, signature }] }));
}

/** The first and the last envelope that the controller published there. */
const publishedOn = ({ seen }: Observer, topic: string): readonly Uint8Array[] =>
  seen.filter((one) => one.topic === topic && one.payload.length > 0).map(({ payload }) => payload);

const idOf = (envelope: Uint8Array): string => {
  const read = decodeEnvelope(envelope);
  const order = read.ok ? decodeOrder(read.value.payload) : read;
  assert.ok(order.ok);
  return order.value.id;
};

interface Attack {
  readonly what: string;
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly code: string;
  /** Who is named in the audit log. */
  readonly by: string;
}

/** What the controller ordered before, as the broker still has it. */
interface Before {
  readonly desired: readonly Uint8Array[];
  readonly block: Uint8Array;
  readonly ofWest: Uint8Array;
}

function attacks({ east, west }: FourSpaces, before: Before, ops: Signer, main: Signer): readonly Attack[] {
  const { serial } = east;
  const on = (kind: 'cmd' | 'desired' | 'keys') => topicOf({ tenant: TENANT, serial }, { kind });
  const ordered = (over: Partial<Order> = {}, of = serial) =>
    orderOf({ kind: 'command', command: block(VICTIM) }, of, over);
  const command = (what: string, code: string, bytes: Uint8Array, by = 'ops'): Attack => ({
    ...{ what, code, bytes, by },
    topic: on('cmd'),
  });
  const long = millis(Date.now() - hours(2));
  const soon = plus(millis(Date.now()), hours(1));
  const content = { sections: [{ name: 'firewall', values: { denied_networks: ['0.0.0.0/0'] } }], rules: [] };
  const desired: OrderBody = { kind: 'desired', desired: { parent: undefined, ...content, trial: seconds(60) } };
  const keys: OrderBody = { kind: 'keys', keys: setOf(stranger) };
  const list: OrderBody = {
    kind: 'list',
    list: {
      ...{ name: 'forged', purpose: 'block', entries: 1, contentSha256: digestOf(new Uint8Array(1)) },
      ...{ whole: [], deltas: [], withdrawn: false },
    },
  };
  const lease: OrderBody = { kind: 'lease', lease: { shard: 1, holder: 'x', until: 'given_back', positions: [] } };
  const everybody = (body: OrderBody, ...by: readonly Signer[]) => signed(orderOf(body, 'everybody'), ...by);
  return [
    command('bytes that are no message', 'malformed', Uint8Array.of(1, 2, 3), ''),
    command('one byte altered', 'bad_signature', spoiled(signed(ordered(), ops)), ''),
    command('signatures of another order', 'bad_signature', swapped(signed(ordered(), ops), before.block), ''),
    command('signed for another purpose', 'bad_signature', undirected(ordered(), ops), ''),
    command('a key that nobody knows', 'unknown_key', signed(ordered(), stranger), ''),
    command('of yesterday', 'expired', signed(ordered({ issuedAt: long, notAfter: plus(long, seconds(1)) }), ops)),
    command('of tomorrow', 'not_yet', signed(ordered({ issuedAt: soon, notAfter: plus(soon, minutes(1)) }), ops)),
    command('valid for two days', 'too_long', signed(ordered({ notAfter: plus(soon, hours(47)) }), ops)),
    command('a second time', 'replayed', before.block),
    command('what was ordered of the other', 'wrong_target', before.ofWest),
    command('what is for the other', 'wrong_target', signed(ordered({}, west.serial), ops)),
    command('what is for another fleet', 'wrong_tenant', signed(ordered({ tenant: 'other' }), ops)),
    command('what is for controllers', 'wrong_target', everybody(lease, main), 'main'),
    command('a block by the serving key', 'kind_not_allowed', signed(ordered(), main), 'main'),
    command('a configuration by the serving key', 'kind_not_allowed', signed(orderOf(desired, serial), main), 'main'),
    {
      ...command('keys by the serving key', 'kind_not_allowed', everybody(keys, main, stranger), 'main'),
      topic: on('keys'),
    },
    { ...command('keys by a stranger', 'unknown_key', everybody(keys, stranger), ''), topic: fleetKeysTopic(TENANT) },
    {
      ...command('a list by a stranger', 'unknown_key', everybody(list, stranger), ''),
      topic: listManifestTopic(TENANT, 'forged'),
    },
    ...before.desired.map((bytes) => ({
      ...command('an older configuration', 'older_generation', bytes),
      topic: on('desired'),
    })),
  ];
}

/** The last byte of the payload, which ends in what is blocked. */
function spoiled(envelope: Uint8Array): Uint8Array {
  const read = decodeEnvelope(envelope);
  assert.ok(read.ok);
  const payload = Uint8Array.from(read.value.payload);
  const at = Buffer.from(payload).indexOf(VICTIM) + VICTIM.length - 1;
  payload[at] = (payload[at] ?? 0) ^ 1;
  return bytesOf(encodeEnvelope({ ...read.value, payload }));
}

async function honest(spaces: FourSpaces): Promise<void> {
  const { site, east, west } = spaces;
  for (const networks of [['192.0.2.0/24'], ['192.0.2.0/24', '198.18.0.0/15'], ['198.18.0.0/15']]) {
    const file = join(site.root, 'desired.yaml');
    await writeFile(file, JSON.stringify({ firewall: { denied_networks: networks } }));
    const rows = await site.rows('main', 'desired', 'set', 'all', file);
    assert.deepEqual(
      rows.map(({ standing }) => standing),
      ['confirmed', 'confirmed'],
    );
  }
  for (const words of [
    ['block', east.serial, VICTIM, '--for', '0'],
    ['unblock', east.serial, VICTIM],
    ['block', west.serial, VICTIM, '--for', '0'],
  ]) {
    assert.equal((await site.run('main', 'cmd', ...words)).code, 0, words.join(' '));
  }
}

const refusedWith = (edge: Edge, code: string, by: string) =>
  waitFor(`the refusal ${code} of "${by}" in the audit log`, async () => {
    const found = (await edge.audit('refuse_order')).find(
      ({ actor, details = '' }) => actor === by && details.startsWith(`code=${code},`),
    );
    return found === undefined ? undefined : true;
  });

test('envelopes that are wrong, late, early, replayed, for others, older or beyond their key are refused, and nothing is done', {
  skip,
  timeout: 240_000,
}, async (t) => {
  await using spaces = await FourSpaces.running();
  const { site, east, west } = spaces;
  const insider = await spaces.observe();
  t.after(() => insider.close());
  await honest(spaces);
  const topicOfEdge = (edge: Edge, kind: 'cmd' | 'desired') =>
    topicOf({ tenant: TENANT, serial: edge.serial }, { kind });
  const [first = new Uint8Array(), second = new Uint8Array()] = publishedOn(insider, topicOfEdge(east, 'desired'));
  const blocked = publishedOn(insider, topicOfEdge(east, 'cmd')).find((bytes) => isBlock(bytes)) ?? assert.fail();
  const ofWest = publishedOn(insider, topicOfEdge(west, 'cmd')).findLast((bytes) => isBlock(bytes)) ?? assert.fail();
  const all = attacks(
    spaces,
    { desired: [first, second], block: blocked, ofWest },
    await spaces.key('ops'),
    await spaces.key('main'),
  );

  const before = { rules: await east.rules(), config: await east.config() };
  assert.ok(!before.rules.includes(VICTIM));
  for (const { topic, bytes } of all) await insider.publish(topic, bytes, { retain: !topic.endsWith('/cmd') });
  // It is behind all of them.
  const scan = await site.rows('main', 'cmd', 'scan', east.serial, 'firewall');
  assert.equal(scan[0]?.['state'], 'done', JSON.stringify(scan));

  for (const { code, by } of all) await refusedWith(east, code, by);
  assert.deepEqual({ rules: await east.rules(), config: await east.config() }, before);
  for (const { what, code, by, bytes } of all) {
    if (by === '' || code === 'replayed') continue;
    const topic = `${topicOfEdge(east, 'cmd')}/${idOf(bytes)}/result`;
    const told = decodeResult((await insider.find(`the answer to ${what}`, (seen) => seen.topic === topic)).payload);
    assert.ok(told.ok);
    assert.deepEqual([told.value.state, told.value.code], ['refused', code], what);
  }
  const [list] = await site.rows('main', 'desired', 'history', east.serial);
  assert.deepEqual([list?.['standing'], list?.['in_effect']], ['confirmed', true]);

  // The broker brings what is retained again with each connection.
  await east.daemon.kill();
  await east.start();
  await waitFor('it to be back', async () => ((await east.link()).state === 'ok' ? true : undefined));
  const again = await site.rows('main', 'cmd', 'scan', east.serial, 'firewall');
  assert.equal(again[0]?.['state'], 'done', JSON.stringify(again));
  assert.equal(await east.config(), before.config);
  assert.equal(await east.rules(), before.rules);
});

const isBlock = (envelope: Uint8Array): boolean => {
  const read = decodeEnvelope(envelope);
  const order = read.ok ? decodeOrder(read.value.payload) : read;
  return order.ok && order.value.kind === 'command' && order.value.command.kind === 'block';
};
