import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnrolmentFailure } from '../../../../actors/controller-link/enrolment.ts';
import type { LinkIdentity } from '../../../../actors/controller-link/identity-file.ts';
import { decodePresence, decodeReported, decodeStreamBatch } from '../../../../actors/link-wire/index.ts';
import { fail, ok, type Result } from '../../../../core/base/result.ts';
import { days, minutes, seconds } from '../../../../core/base/time.ts';
import { applianceFilters, topicOf } from '../../../../core/link/topics.ts';
import { FakeBrokers } from '../../../support/link/fake-broker.ts';
import { identityOf, LinkSite, SITE_SERIAL } from '../../../support/link/link-site.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { someFinding } from '../../../support/some-finding.ts';

const WHOM = { tenant: 'acme', serial: SITE_SERIAL };

async function turns(clock: SimulatedClock, count = 1, step = 100): Promise<void> {
  for (let i = 0; i < count; i++) {
    clock.advance(step);
    for (let turn = 0; turn < 30; turn++) await settled();
  }
}

async function enrolledSite(
  { start = Date.UTC(2026, 5, 1), ...change }: Partial<LinkSite['settings']> & { readonly start?: number } = {},
  renew: (identity: LinkIdentity) => Promise<Result<LinkIdentity, EnrolmentFailure>> = async () =>
    fail('unreachable', 'there is no server'),
) {
  const clock = new SimulatedClock(start);
  const brokers = new FakeBrokers();
  const site = LinkSite.inMemory({ clock, brokers, renew });
  await site.files.write(identityOf(clock.now()));
  site.settings = { ...site.settings, brokers: ['mqtts://one', 'mqtts://two'], ...change };
  await site.link.start();
  await turns(clock);
  return { clock, brokers, site };
}

test('when it is up it listens, says that it is there, reports, and hands over what comes', async () => {
  const { clock, brokers, site } = await enrolledSite();
  assert.deepEqual(brokers.filters, applianceFilters(WHOM));
  const topics = brokers.published.map(({ topic }) => topic.split('/').at(-1));
  assert.deepEqual(topics.slice(0, 2), ['presence', 'reported']);
  const report = decodeReported(brokers.published[1]?.payload ?? new Uint8Array());
  assert.ok(report.ok && report.value.streams.length === 4);
  await brokers.deliver(topicOf(WHOM, { kind: 'cmd' }), new Uint8Array([1]));
  assert.equal(site.orders.received.length, 1);
  await site.keep([{ ...someFinding(1), at: clock.now() }]);
  await turns(clock, 20);
  const sent = brokers.published.at(-1);
  assert.ok(sent !== undefined && decodeStreamBatch(sent.payload).ok);
  await site.link.stop();
  const last = decodePresence(brokers.published.at(-1)?.payload ?? new Uint8Array());
  assert.ok(last.ok && !last.value.online && last.value.reason === 'stopped');
  assert.equal(brokers.isConnected, false);
});

test('a report is told when it says something else, at most every five seconds', async () => {
  const { clock, brokers, site } = await enrolledSite();
  const reports = () => brokers.published.filter(({ topic }) => topic.endsWith('/reported')).length;
  assert.equal(reports(), 1);
  for (let n = 1; n <= 4; n++) {
    site.orders.reported = { ...site.orders.reported, keysGeneration: n + 1 };
    site.ordersLink?.reportSoon();
    await turns(clock, 10);
  }
  assert.equal(reports(), 1);
  await turns(clock, 20);
  assert.equal(reports(), 2);
  site.ordersLink?.reportSoon();
  await turns(clock, 60);
  assert.equal(reports(), 2, 'nothing has changed');
  await turns(clock, 10, seconds(15));
  assert.equal(reports(), 2);
  site.orders.reported = { ...site.orders.reported, keysGeneration: 9 };
  site.ordersLink?.reportNow();
  await turns(clock);
  assert.equal(reports(), 3);
  await turns(clock, 38, seconds(15));
  assert.equal(reports(), 3);
  await turns(clock, 4, seconds(15));
  assert.equal(reports(), 4, 'told again: a broker may have brought an older one since');
  clock.set(clock.now() - days(30));
  await turns(clock, 3, seconds(15));
  assert.equal(reports(), 5, 'and once where the clock is set back');
});

test('how far streams were sent is told once they rest, at most once a minute, and not while they go on', async () => {
  const { clock, brokers, site } = await enrolledSite();
  const sent = () =>
    brokers.published
      .filter(({ topic }) => topic.endsWith('/reported'))
      .map(({ payload }) => decodeReported(payload))
      .map((one) => (one.ok ? one.value.streams.find(({ stream }) => stream === 'finding')?.sent : undefined));
  let number = 0;
  const find = () => site.keep([{ ...someFinding(++number), at: clock.now() }]);
  for (let i = 0; i < 24; i++) {
    await find();
    await turns(clock, 10, seconds(1));
  }
  assert.deepEqual(sent(), [0], 'what is missing is seen by what comes next');
  await turns(clock, 40, seconds(1));
  assert.deepEqual(sent(), [0, 24]);
  await find();
  await turns(clock, 15, seconds(1));
  assert.deepEqual(sent(), [0, 24]);
  await turns(clock, 300, seconds(1));
  assert.deepEqual(sent(), [0, 24, 25], 'once');
});

test('brokers that are away are tried in order, with a pause of chance between the rounds', async () => {
  const { clock, brokers, site } = await enrolledSite();
  brokers.failing = () => 'unreachable';
  brokers.attempts.length = 0;
  brokers.cut();
  await turns(clock, 20, seconds(30));
  const { attempts } = brokers;
  assert.ok(attempts.length >= 4 && attempts.length % 2 === 0, attempts.join());
  for (const [i, broker] of attempts.entries()) assert.equal(broker, i % 2 === 0 ? 'mqtts://one' : 'mqtts://two');
  assert.equal(site.link.component().state, 'degraded');
  assert.match(site.link.component().message ?? '', /no connection to a broker/);
  brokers.failing = (broker) => (broker === 'mqtts://one' ? 'refused' : undefined);
  await turns(clock, 2, minutes(5));
  assert.equal(site.link.status().broker, 'mqtts://two');
  assert.equal(site.orders.ups.length, 2);
  assert.ok((site.orders.ups[1]?.connection ?? 0) > (site.orders.ups[0]?.connection ?? 0));
});

test('a broker that takes us and then says nothing is left for the next one', async () => {
  const { clock, brokers, site } = await enrolledSite();
  brokers.mute = (broker) => broker === 'mqtts://one';
  brokers.cut();
  await turns(clock, 20, seconds(5));
  assert.equal(site.link.status().broker, 'mqtts://two');
});

test('a broker that acknowledges nothing keeps nobody from going', async () => {
  const { clock, brokers, site } = await enrolledSite();
  brokers.isSlow = true;
  site.settings = { ...site.settings, isEnabled: false };
  let isOff = false;
  void site.link.follow().then(() => {
    isOff = true;
  });
  await turns(clock, 2, seconds(1));
  assert.equal(isOff, false);
  await turns(clock, 2, seconds(2));
  assert.deepEqual([isOff, brokers.isConnected], [true, false]);
});

test('who goes to come back says so', async () => {
  const { brokers, site } = await enrolledSite();
  await site.link.stop('restarting');
  const last = decodePresence(brokers.published.at(-1)?.payload ?? new Uint8Array());
  assert.ok(last.ok && !last.value.online && last.value.reason === 'restarting');
});

test('orders are counted: taken, and refused by why', async () => {
  const { site } = await enrolledSite();
  site.orders.counted = { taken: 3, refused: { expired: 2, unknown_key: 1 } };
  const { counters } = site.link.component();
  assert.deepEqual([counters['orders_taken'], counters['refused expired'], counters['refused unknown_key']], [3, 2, 1]);
});

test('a link whose orders wait for the disk is degraded and says so', async () => {
  const { site } = await enrolledSite();
  site.orders.troubled = 'they wait';
  const { state, message } = site.link.component();
  assert.deepEqual([state, message, site.link.status().trouble], ['degraded', 'they wait', 'they wait']);
});

test('a connection opened anew is another one', async () => {
  const { clock, brokers, site } = await enrolledSite();
  site.ordersLink?.reconnect();
  await turns(clock, 3);
  assert.equal(site.orders.ups.length, 2);
  assert.ok(site.orders.closes >= 1);
  assert.equal(brokers.isConnected, true);
});

test('disabling ends the link and enabling begins it again; other brokers mean another connection', async () => {
  const { clock, brokers, site } = await enrolledSite();
  site.settings = { ...site.settings, isEnabled: false };
  await site.link.follow();
  assert.equal(brokers.isConnected, false);
  assert.equal(site.link.component().state, 'off');
  site.settings = { ...site.settings, isEnabled: true, brokers: ['mqtts://three'] };
  await site.link.follow();
  await turns(clock);
  assert.equal(site.link.status().broker, 'mqtts://three');
  site.settings = { ...site.settings, brokers: ['mqtts://four'] };
  await site.link.follow();
  await turns(clock, 3);
  assert.equal(site.link.status().broker, 'mqtts://four');
});

test('at two thirds of its life the certificate is renewed, tried again until it is, and used at once', async () => {
  let asked = 0;
  const late = Date.UTC(2100, 5, 1);
  const { clock, site } = await enrolledSite({ start: late }, async (identity) => {
    asked++;
    return asked < 3 ? fail('unreachable', 'the server is away') : ok({ ...identity, enrolledAt: clock.now() });
  });
  assert.equal(asked, 0);
  await turns(clock, 1, minutes(2));
  assert.equal(asked, 1);
  assert.match(site.link.component().message ?? '', /the server is away/);
  await turns(clock, 3, minutes(31));
  assert.equal(asked, 2);
  await turns(clock, 3, minutes(31));
  assert.ok(asked >= 3);
  assert.equal(site.link.component().state, 'ok');
  assert.ok(site.orders.ups.length > 1, 'by the new certificate');
});

test('a controller that revokes the appliance stops the link, for good', async () => {
  const { clock, brokers, site } = await enrolledSite({}, async () => fail('revoked', 'it was stolen (revoked)'));
  brokers.failing = () => 'revoked';
  brokers.cut();
  await turns(clock, 5, seconds(10));
  const { state, message } = site.link.component();
  assert.equal(state, 'failed');
  assert.match(message ?? '', /revoked this appliance: it was stolen/);
  const attempts = brokers.attempts.length;
  await turns(clock, 10, minutes(10));
  assert.equal(brokers.attempts.length, attempts);
});

test('whoever says that we were revoked has the server asked once an hour, and is no sooner connected to again', async () => {
  let asked = 0;
  const { clock, brokers, site } = await enrolledSite({}, async (identity) => {
    asked++;
    return ok({ ...identity, enrolledAt: clock.now() });
  });
  brokers.failing = () => 'revoked';
  brokers.attempts.length = 0;
  brokers.cut();
  await turns(clock, 58, minutes(1));
  assert.equal(asked, 1);
  assert.ok(brokers.attempts.length < 120, `${brokers.attempts.length} attempts`);
  await turns(clock, 60, minutes(1));
  assert.equal(asked, 2);
  brokers.failing = () => undefined;
  await turns(clock, 6, minutes(1));
  assert.equal(site.link.component().state, 'ok');
});

test('a replay is sent behind all else, under the numbers of before', async () => {
  const { clock, brokers, site } = await enrolledSite();
  await site.keep(Array.from({ length: 300 }, (_, n) => ({ ...someFinding(n + 1), at: clock.now() })));
  await turns(clock, 30);
  const report = site.link.status();
  assert.equal(report.waitingBytes, 0);
  brokers.published.length = 0;
  const epoch = await replayed(site, clock);
  const again = brokers.published.flatMap(({ payload }) => {
    const read = decodeStreamBatch(payload);
    return read.ok && read.value.replayed ? [read.value] : [];
  });
  assert.equal(again[0]?.first, 100);
  assert.equal(
    again.reduce((sum, { items }) => sum + items.length, 0),
    101,
  );
  assert.ok(again.every((batch) => batch.epoch === epoch));
});

async function replayed(site: LinkSite, clock: SimulatedClock): Promise<string> {
  const stored = await site.store.get<{ readonly epoch: string }>('link-stream!finding');
  const epoch = stored?.epoch ?? '';
  const wrong = await site.ordersLink?.replay({ stream: 'finding', epoch: 'other', from: 1, to: 2 });
  assert.equal(wrong?.ok === false && wrong.code, 'unknown_epoch');
  const beyond = await site.ordersLink?.replay({ stream: 'finding', epoch, from: 1, to: 301 });
  assert.equal(beyond?.ok === false && beyond.code, 'out_of_range');
  const asked = site.ordersLink?.replay({ stream: 'finding', epoch, from: 100, to: 200 });
  await turns(clock, 10);
  const answer = await asked;
  assert.deepEqual(answer?.ok && answer.value, { numbers: 101 });
  return epoch;
}
