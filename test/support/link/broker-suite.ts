import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerPort, ConnectRequest, Incoming } from '../../../actors/controller-link/port.ts';
import { hours, seconds } from '../../../core/base/time.ts';
import { topicOf } from '../../../core/link/topics.ts';
import { waitFor } from '../wait-for.ts';
import { SITE_SERIAL } from './link-site.ts';

/** A broker as the suite needs it: reached by the port, and handled from outside. */
export interface SuiteBroker {
  readonly port: BrokerPort;
  readonly url: string;
  readonly credentials: ConnectRequest['credentials'];
  /** Somebody else publishes. */
  deliver(topic: string, payload: Uint8Array): Promise<void>;
  /** What was published on a topic last, by anybody. */
  seen(topic: string): Promise<Uint8Array | undefined>;
  /** Every connection ends. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

const WHOM = { tenant: 'acme', serial: SITE_SERIAL };
const topic = topicOf(WHOM, { kind: 'reported' });
const cmd = topicOf(WHOM, { kind: 'cmd' });

/** What the link counts on, whatever carries its messages. */
export function brokerSuite(
  name: string,
  open: () => Promise<SuiteBroker>,
  { skip = false as false | string } = {},
): void {
  async function connected() {
    const broker = await open();
    const received: Incoming[] = [];
    const ends: string[] = [];
    const gates: { gate?: Promise<void> } = {};
    const connection = await broker.port.connect({
      broker: broker.url,
      credentials: broker.credentials,
      clientId: `bartizan-${SITE_SERIAL}`,
      keepalive: seconds(60),
      sessionExpiry: hours(1),
      will: {
        topic: topicOf(WHOM, { kind: 'presence' }),
        payload: new Uint8Array([1]),
        message: 'Presence',
        delay: seconds(1),
      },
      maximumPacketSize: 1_000_000,
      receiveMaximum: 16,
      onMessage: async (message) => {
        received.push(message);
        await gates.gate;
      },
      onClosed: (why) => ends.push(why),
      signal: new AbortController().signal,
    });
    assert.ok(connection.ok, connection.ok ? '' : connection.public);
    return { broker, connection: connection.value, received, ends, gates };
  }

  test(`${name}: what is published is there when it resolves`, { skip }, async () => {
    const { broker, connection } = await connected();
    assert.ok(connection.limits.receiveMaximum >= 1 && connection.limits.maximumPacketSize > 1000);
    const payload = new Uint8Array([1, 2, 3]);
    const sent = await connection.publish({ topic, payload, isRetained: true, message: 'Reported' });
    assert.ok(sent.ok);
    const seen = await waitFor('the message', () => broker.seen(topic));
    assert.deepEqual(Buffer.from(seen), Buffer.from(payload));
    await connection.close();
    await broker.close();
  });

  test(`${name}: what is listened to comes one by one, the next when the last was taken`, { skip }, async () => {
    const { broker, connection, received, gates } = await connected();
    const { promise, resolve } = Promise.withResolvers<void>();
    gates.gate = promise;
    assert.ok((await connection.subscribe([cmd])).ok);
    const delivered = [broker.deliver(cmd, new Uint8Array([1])), broker.deliver(cmd, new Uint8Array([2]))];
    await waitFor('the first', () => (received.length >= 1 ? true : undefined));
    resolve();
    await waitFor('the second', () => (received.length >= 2 ? true : undefined));
    await Promise.all(delivered);
    assert.deepEqual(
      received.map(({ topic: on, payload }) => [on, payload[0]]),
      [
        [cmd, 1],
        [cmd, 2],
      ],
    );
    await connection.close();
    await broker.close();
  });

  test(`${name}: the end of a connection is told once, and what was under way has failed`, { skip }, async () => {
    const { broker, connection, ends } = await connected();
    await broker.cut();
    await waitFor('the end', () => (ends.length > 0 ? true : undefined));
    const sent = await connection.publish({ topic, payload: new Uint8Array(1), message: 'Reported' });
    assert.equal(sent.ok ? '' : sent.code, 'closed');
    await connection.close();
    assert.equal(ends.length, 1);
    await broker.close();
  });

  test(`${name}: what is asked of a broker has an answer, also where the connection ends meanwhile`, {
    skip,
  }, async () => {
    const { broker, connection, ends } = await connected();
    const asked = [connection.subscribe([cmd]), connection.unsubscribe([cmd]), connection.subscribe([topic])];
    await broker.cut();
    await waitFor('the end', () => (ends.length > 0 ? true : undefined));
    for (const answer of await Promise.all(asked)) assert.ok(answer.ok || answer.code === 'closed');
    for (const late of [await connection.subscribe([cmd]), await connection.unsubscribe([cmd])]) {
      assert.equal(late.ok ? '' : late.code, 'closed');
    }
    await connection.close();
    await broker.close();
  });

  test(`${name}: who closes it himself is not told`, { skip }, async () => {
    const { broker, connection, ends } = await connected();
    await connection.close();
    await connection.close();
    assert.deepEqual(ends, []);
    await broker.close();
  });
}
