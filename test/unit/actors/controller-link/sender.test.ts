import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerConnection, Outgoing, Priority } from '../../../../actors/controller-link/port.ts';
import { Sender } from '../../../../actors/controller-link/sender.ts';
import { FakeBrokers } from '../../../support/link/fake-broker.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const REQUEST = {
  broker: 'mqtts://one',
  credentials: { cert: '', key: '', authority: '' },
  clientId: 'test',
  keepalive: 60_000,
  sessionExpiry: 0,
  will: { topic: 'will', payload: new Uint8Array(0), message: 'Presence', delay: 0 },
  maximumPacketSize: 1e6,
  receiveMaximum: 10,
  onMessage: async () => {},
  onClosed: () => {},
  signal: new AbortController().signal,
} as unknown as Parameters<FakeBrokers['connect']>[0];

const message = (topic: string, bytes = 10): Outgoing => ({
  topic,
  payload: new Uint8Array(bytes),
  message: 'StreamBatch',
});

async function connected(limits?: BrokerConnection['limits']) {
  const clock = new SimulatedClock();
  const brokers = new FakeBrokers();
  if (limits !== undefined) brokers.limits = limits;
  const connection = await brokers.connect(REQUEST);
  assert.ok(connection.ok);
  const sender = new Sender(clock);
  sender.open(connection.value);
  const topics = () => brokers.published.map(({ topic }) => topic);
  return { clock, brokers, sender, topics };
}

test('at most sixteen messages of streams wait for the broker, and what is urgent finds a place beside them', async () => {
  const { brokers, sender, topics } = await connected();
  brokers.isSlow = true;
  for (let i = 0; i < 20; i++) void sender.send(message(`finding ${i}`), 'finding');
  void sender.send(message('presence'), 'presence');
  assert.equal(topics().length, 17);
  assert.equal(topics().at(-1), 'presence');
  brokers.acknowledge(1);
  await settled();
  assert.equal(topics().at(-1), 'finding 16');
});

test('a broker that takes few at once gets few', async () => {
  const { brokers, sender, topics } = await connected({ receiveMaximum: 3, maximumPacketSize: 1e6 });
  brokers.isSlow = true;
  for (let i = 0; i < 5; i++) void sender.send(message(`finding ${i}`), 'finding');
  assert.equal(topics().length, 1);
  for (let i = 0; i < 5; i++) void sender.send(message(`result ${i}`), 'result');
  assert.equal(topics().length, 3);
});

test('what is too large for the broker is refused at once', async () => {
  const { sender } = await connected({ receiveMaximum: 10, maximumPacketSize: 1000 });
  const sent = await sender.send(message('finding', 2000), 'finding');
  assert.equal(sent.ok ? '' : sent.code, 'too_large');
  assert.ok(sender.largestPayload('finding') < 1000);
});

test('under a cap the streams wait in their order, and presence, results and reports do not', async () => {
  const { clock, brokers, sender, topics } = await connected();
  sender.setRate(1000);
  const order: Priority[] = ['replay', 'event', 'incident', 'finding', 'audit'];
  for (const priority of order) void sender.send(message(priority, 900), priority);
  for (const priority of ['reported', 'result', 'presence'] as const) void sender.send(message(priority, 10), priority);
  await settled();
  assert.deepEqual(topics(), ['replay', 'reported', 'result', 'presence']);
  for (let i = 0; i < 60; i++) {
    clock.advance(100);
    await settled();
  }
  assert.deepEqual(topics().slice(4), ['audit', 'finding', 'incident', 'event']);
  assert.equal(brokers.published.length, 8);
});

test('a cap holds over time', async () => {
  const { clock, brokers, sender } = await connected();
  sender.setRate(10_000);
  for (let i = 0; i < 200; i++) void sender.send(message('f', 900), 'finding');
  for (let i = 0; i < 100; i++) {
    clock.advance(100);
    await settled();
  }
  const bytes = brokers.published.length * 1001;
  assert.ok(bytes >= 100_000 && bytes <= 112_000, `${bytes}`);
});

test('what waits when the connection ends has failed', async () => {
  const { brokers, sender } = await connected({ receiveMaximum: 1, maximumPacketSize: 1e6 });
  brokers.isSlow = true;
  const sent = [sender.send(message('a'), 'finding'), sender.send(message('b'), 'finding')];
  brokers.cut();
  sender.close();
  assert.deepEqual(
    (await Promise.all(sent)).map((one) => (one.ok ? '' : one.code)),
    ['closed', 'not_connected'],
  );
  const after = await sender.send(message('c'), 'presence');
  assert.equal(after.ok ? '' : after.code, 'not_connected');
});
