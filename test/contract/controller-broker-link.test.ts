/** The controller's connection, to a real broker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerLink, openBrokerLink } from '../../actors/controller/broker-link.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { realClock } from '../support/real-clock.ts';
import { until } from '../support/until.ts';

async function connected(broker: Mosquitto, filters: readonly string[], clientId = 'controller-main') {
  const { key, cert } = broker.authority.issue({ commonName: 'observer', usage: 'client' });
  const [arrived, sessions]: [string[], unknown[]] = [[], []];
  const subscribed = Promise.withResolvers<void>();
  const link: BrokerLink = await openBrokerLink({
    url: broker.url,
    clientId,
    tls: { key, cert, ca: broker.authority.cert },
    clock: realClock,
    log: (_, message, facts) => message === 'connected to the broker' && sessions.push(facts?.['session']),
    onMessage: ({ topic, payload }) => arrived.push(`${topic} ${Buffer.from(payload).toString()}`),
    onConnection: (isThere) => isThere && subscribed.resolve(),
  });
  // Before the connection is there, as when a controller starts.
  await link.subscribe(filters);
  return { link, arrived, sessions, subscribed: subscribed.promise };
}

test('what is retained comes with each connection, also to who has a session from an earlier run', {
  skip: noMosquitto,
}, async () => {
  const broker = await Mosquitto.make();
  const links: BrokerLink[] = [];
  try {
    await broker.start();
    const topic = 'bartizan/1/acme/07/lease';
    const first = await connected(broker, ['bartizan/1/acme/+/lease']);
    await first.link.publish({ topic, payload: Buffer.from('twelve'), retain: true });
    links.push(first.link);
    await until('the first hears it', () => first.arrived.length > 0);
    await first.link.close();

    const again = await connected(broker, ['bartizan/1/acme/+/lease']);
    links.push(again.link);
    await until('the second run hears it', () => again.arrived.length > 0);
    assert.deepEqual([again.arrived, again.sessions], [[`${topic} twelve`], ['kept']]);
  } finally {
    for (const link of links) await link.close();
    await broker.remove();
  }
});

test('whatever is published at once, also before there is a connection, reaches the broker in the order of the calls', {
  skip: noMosquitto,
}, async () => {
  const broker = await Mosquitto.make();
  const links: BrokerLink[] = [];
  try {
    await broker.start();
    const [topic, count] = ['bartizan/1/acme/07/lease', 500];
    const listening = await connected(broker, [topic], 'controller-listening');
    links.push(listening.link);
    await listening.subscribed;
    const { link } = await connected(broker, []);
    links.push(link);
    const texts = Array.from({ length: count }, (_, n) => `${n}`);
    await Promise.all(texts.map((text) => link.publish({ topic, payload: Buffer.from(text) })));
    await until('all of it arrives', () => listening.arrived.length >= count);
    assert.deepEqual(
      listening.arrived,
      texts.map((text) => `${topic} ${text}`),
    );
    await link.close();
    await assert.rejects(link.publish({ topic, payload: Buffer.from('late') }), /closed/);
  } finally {
    for (const link of links) await link.close();
    await broker.remove();
  }
});
