import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { decodePresence, decodeReported } from '../../actors/link-wire/index.ts';
import type { Hex } from '../../core/link/hex.ts';
import { shardName, shardOf, topicOf } from '../../core/link/topics.ts';
import { ConnectProxy } from '../support/link/connect-proxy.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { LinkSite, SITE_SERIAL } from '../support/link/link-site.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { Observer } from '../support/link/observer.ts';
import { StreamLedger } from '../support/link/stream-ledger.ts';
import { someFinding } from '../support/some-finding.ts';
import { waitFor } from '../support/wait-for.ts';

const WHOM = { tenant: 'acme', serial: SITE_SERIAL };
const RECENT = Date.now();
const recent = (n: number) => ({ ...someFinding(n), at: (RECENT + n) as never });

let broker: Mosquitto;
let server: EnrolmentServer;
const cleanups: (() => Promise<void>)[] = [];

before(async () => {
  if (noMosquitto !== false) return;
  broker = await Mosquitto.make();
  await broker.start();
  server = await EnrolmentServer.start(broker.authority, [broker.url]);
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  server.refusal = undefined;
  server.days = 2;
  server.brokers = [broker.url];
});
after(async () => {
  if (noMosquitto !== false) return;
  await server.stop();
  await broker.remove();
});

const skip = { skip: noMosquitto };

async function site(change: Partial<LinkSite['settings']> = {}): Promise<LinkSite> {
  const made = await LinkSite.make();
  cleanups.push(() => made.remove());
  made.settings = { ...made.settings, ...change };
  await made.link.start();
  return made;
}

async function observer(of: Mosquitto = broker): Promise<Observer> {
  const made = await Observer.connect(of);
  cleanups.push(() => made.close());
  return made;
}

const isUp = (one: LinkSite) =>
  waitFor('the link is up', () => (one.link.status().state === 'up' ? true : undefined)).catch((cause: unknown) => {
    throw new Error(`${JSON.stringify(one.link.status())}\n${one.logged.join('\n')}\n${broker.output}`, { cause });
  });

test(
  'an appliance enrols, connects with its certificate, and says that it is there and how it stands',
  skip,
  async () => {
    const watching = await observer();
    const one = await site();
    assert.equal(one.link.component().state, 'waiting');
    const enrolled = await one.link.enroll(server.token());
    assert.ok(enrolled.ok, enrolled.ok ? '' : enrolled.public);
    assert.equal(enrolled.value.tenant, 'acme');
    await isUp(one);
    const here = await watching.find('presence', ({ topic }) => topic === topicOf(WHOM, { kind: 'presence' }));
    assert.equal(here.isRetained, true);
    assert.equal(here.contentType, 'application/x-protobuf; messageType=bartizan.v1.Presence');
    const presence = decodePresence(here.payload);
    assert.ok(presence.ok && presence.value.online && presence.value.version === '1.2.3');
    const told = await watching.find('report', ({ topic }) => topic.endsWith('/reported'));
    const report = decodeReported(told.payload);
    assert.ok(report.ok, report.ok ? '' : report.public);
    assert.equal(report.value.run, presence.value.run);
    assert.equal(report.value.connection, presence.value.connection);
    assert.ok(report.value.certificateUntil > Date.now());
    assert.equal(one.link.component().state, 'ok');
    const { mode } = await stat(join(one.directory, 'controller/identity.json'));
    assert.equal(mode & 0o777, 0o600);
    assert.equal((await stat(join(one.directory, 'controller'))).mode & 0o777, 0o700);
    await one.link.stop();
    await watching.find('good-bye', ({ topic, payload }) => {
      const read = topic.endsWith('/presence') ? decodePresence(payload) : undefined;
      return read?.ok === true && read.value.reason === 'stopped';
    });
  },
);

test(
  'orders come as bytes with what the broker says of them, kept ones first, and only from topics of ours',
  skip,
  async () => {
    const watching = await observer();
    const other = `bartizan/1/acme/${shardName(shardOf('0000-0000-000'))}/0000-0000-000/desired`;
    await watching.publish(topicOf(WHOM, { kind: 'desired' }), Buffer.from('kept'), { retain: true });
    await watching.publish(other, Buffer.from('not ours'), { retain: true });
    const one = await site();
    await one.link.enroll(server.token());
    await isUp(one);
    await watching.publish(topicOf(WHOM, { kind: 'cmd' }), Buffer.from([0, 255, 1]));
    await watching.publish('bartizan/1/acme/list/drop/manifest', Buffer.from('list'));
    await waitFor('the last order', () => one.orders.received.find(({ topic }) => topic.endsWith('/manifest')));
    // At least once: what is kept comes again where the session of an earlier run was there still.
    const said = one.orders.received.map(({ topic, payload, isRetained }) =>
      [topic.split('/').at(-1), Buffer.from(payload).toString('hex'), isRetained].join(' '),
    );
    assert.deepEqual([...new Set(said)], ['desired 6b657074 true', 'cmd 00ff01 false', 'manifest 6c697374 false']);
    assert.equal(one.orders.ups.length, 1);
    await watching.publish(topicOf(WHOM, { kind: 'desired' }), new Uint8Array(0), { retain: true });
  },
);

test(
  'a command that comes while the appliance is away waits for it, and one that is not taken comes again',
  skip,
  async () => {
    const watching = await observer();
    const one = await site();
    await one.link.enroll(server.token());
    await isUp(one);
    await one.link.stop();
    await watching.publish(topicOf(WHOM, { kind: 'cmd' }), Buffer.from('while away'));
    await one.link.start();
    await waitFor('the command', () => (one.orders.received.length === 1 ? true : undefined));
    const gate = Promise.withResolvers<void>();
    one.orders.gate = gate.promise;
    await watching.publish(topicOf(WHOM, { kind: 'cmd' }), Buffer.from('cut off'));
    await waitFor('the second command', () => (one.orders.received.length === 2 ? true : undefined));
    one.ordersLink?.reconnect();
    await waitFor('the second command again', () => (one.orders.received.length === 3 ? true : undefined));
    gate.resolve();
  },
);

test('findings are drained in order, and go on after the broker was killed', skip, async () => {
  const own = await Mosquitto.make({ authority: broker.authority });
  cleanups.push(() => own.remove());
  await own.start();
  // By a proxy, which keeps the appliance off until somebody listens to the broker again.
  const proxy = await ConnectProxy.start();
  cleanups.push(() => proxy.stop());
  const one = await site({ brokers: [own.webSocketUrl], proxy: proxy.url });
  await one.keep(Array.from({ length: 3000 }, (_, n) => recent(n + 1)));
  const ledger = new StreamLedger();
  let watching = await observer(own);
  const take = () => {
    watching.onSeen = ({ topic, payload }) => {
      if (topic.includes('/stream/')) ledger.take(topic, payload);
    };
  };
  take();
  await one.link.enroll(server.token());
  await waitFor('the first findings', () => (ledger.last('finding') >= 3000 ? true : undefined));
  proxy.status = 503;
  await own.kill();
  await waitFor('the link is down', () => (one.link.status().state === 'up' ? undefined : true));
  assert.equal(one.link.component().state, 'degraded');
  await one.keep(Array.from({ length: 2000 }, (_, n) => recent(n + 3001)));
  await own.start();
  watching = await observer(own);
  take();
  proxy.status = 200;
  await waitFor('the rest', () => (ledger.last('finding') >= 5000 ? true : undefined), { withinMs: 30_000 });
  assert.equal(ledger.items('finding').length, 5000);
  assert.deepEqual(ledger.gaps('finding'), []);
  await waitFor('all is acknowledged', () => (one.link.status().waitingBytes === 0 ? true : undefined));
});

test('brokers are tried in their order', skip, async () => {
  const first = await Mosquitto.make({ authority: broker.authority });
  cleanups.push(() => first.remove());
  const one = await site({ brokers: [first.url, broker.url] });
  await one.link.enroll(server.token());
  await isUp(one);
  assert.equal(one.link.status().broker, broker.url);
  await first.start();
  one.ordersLink?.reconnect();
  await waitFor('the first broker', () => (one.link.status().broker === first.url ? true : undefined));
});

test('where 443 alone is open the link goes by WebSocket through a proxy', skip, async () => {
  const proxy = await ConnectProxy.start();
  cleanups.push(() => proxy.stop());
  const watching = await observer();
  const one = await site({ brokers: [broker.webSocketUrl], proxy: proxy.url });
  const enrolled = await one.link.enroll(server.token());
  assert.ok(enrolled.ok, enrolled.ok ? '' : enrolled.public);
  await isUp(one);
  await one.keep([recent(1)]);
  await watching.find('a finding', ({ topic }) => topic.endsWith('/stream/finding'));
  await watching.publish(topicOf(WHOM, { kind: 'cmd' }), Buffer.from('hello'));
  await waitFor('an order', () => (one.orders.received.length > 0 ? true : undefined));
  assert.deepEqual(new Set(proxy.targets), new Set([new URL(server.url).host, `localhost:${broker.webSocketPort}`]));
});

test('a proxy that refuses is named', skip, async () => {
  const proxy = await ConnectProxy.start();
  cleanups.push(() => proxy.stop());
  const one = await site({ brokers: [broker.url] });
  await one.link.enroll(server.token());
  proxy.status = 403;
  one.settings = { ...one.settings, proxy: proxy.url };
  await one.link.follow();
  const said = await waitFor('the trouble', () => one.link.status().trouble);
  assert.match(said, /proxy .* refuses with status 403/);
  one.settings = { ...one.settings, brokers: [broker.webSocketUrl] };
  proxy.status = 200;
  await one.link.follow();
  await isUp(one);
});

test('a broker of another authority is not believed', skip, async () => {
  const foreign = await Mosquitto.make();
  cleanups.push(() => foreign.remove());
  await foreign.start();
  const one = await site({ brokers: [foreign.url] });
  await one.link.enroll(server.token());
  const said = await waitFor('the trouble', () => one.link.status().trouble);
  assert.match(said, /its certificate is not believed/);
  assert.equal(one.orders.ups.length, 0);
});

test('a server that the token does not name is told nothing', skip, async () => {
  const one = await site();
  const before = server.requests.length;
  const answer = await one.link.enroll(server.token({ authority: broker.authority.cert }));
  assert.equal(answer.ok ? '' : answer.code, 'untrusted');
  assert.equal(server.requests.length, before);
  server.refusal = { code: 'used_token', text: 'this token was used' };
  const refused = await one.link.enroll(server.token());
  assert.equal(refused.ok ? '' : refused.code, 'refused');
  assert.equal(one.link.status().enrolled, undefined);
});

test('a renewal brings another certificate, and neither keys nor another fleet', skip, async (t) => {
  const one = await site({ isEnabled: false });
  const [keys, never] = [server.keys, new AbortController().signal];
  t.after(() => {
    server.keys = keys;
    server.tenant = 'acme';
  });
  const enrolled = await one.link.enroll(server.token());
  assert.ok(enrolled.ok);
  server.keys = { keys: keys.keys.map((key) => ({ ...key, publicKey: 'cd'.repeat(32) as Hex })) };
  server.brokers = ['mqtts://another.example:8883'];
  const renewed = await one.enrolment.renew(enrolled.value, never);
  assert.ok(renewed.ok, renewed.ok ? '' : renewed.public);
  const { cert, key, brokers, ...rest } = renewed.value;
  const { cert: before, key: keyBefore, brokers: _, ...same } = enrolled.value;
  assert.deepEqual(rest, same, 'who may order, and since when, is as it was enrolled');
  assert.ok(cert !== before && key !== keyBefore);
  assert.deepEqual(brokers, server.brokers);
  assert.deepEqual(await one.files.read(), renewed);
  server.tenant = 'other';
  const astray = await one.enrolment.renew(renewed.value, never);
  assert.deepEqual([astray.ok, astray.ok ? '' : astray.code], [false, 'bad_answer']);
  assert.deepEqual(await one.files.read(), renewed);
});

test('leaving deletes what the enrolment gave, and another enrolment begins anew', skip, async () => {
  const one = await site();
  await one.link.enroll(server.token());
  await isUp(one);
  const key = (await one.link.enroll(server.token())) as { readonly value: { readonly key: string } };
  await isUp(one);
  await one.link.leave();
  await assert.rejects(stat(join(one.directory, 'controller/identity.json')));
  assert.equal(one.link.status().state, 'off');
  const again = (await one.link.enroll(server.token())) as { readonly value: { readonly key: string } };
  assert.notEqual(again.value.key, key.value.key);
  await isUp(one);
});

test('a bandwidth cap holds on the wire', skip, async () => {
  const watching = await observer();
  const one = await site({ bytesPerSecond: 20_000 });
  await one.keep(Array.from({ length: 400 }, (_, n) => recent(n + 1)));
  const ledger = new StreamLedger();
  let bytes = 0;
  watching.onSeen = ({ topic, payload }) => {
    if (!topic.includes('/stream/')) return;
    bytes += payload.length;
    ledger.take(topic, payload);
  };
  await one.link.enroll(server.token());
  await isUp(one);
  const begun = performance.now();
  await waitFor('four hundred findings', () => (ledger.last('finding') >= 400 ? true : undefined), {
    withinMs: 30_000,
  });
  const took = (performance.now() - begun) / 1000;
  assert.ok(bytes / took < 45_000, `${bytes} bytes in ${took} s`);
  assert.ok(took > 2, `${took} s`);
});
