import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import mqtt from 'mqtt';
import { mqttBrokers } from '../../actors/controller-link/mqtt.ts';
import { openStore } from '../../actors/store/index.ts';
import { fail } from '../../core/base/result.ts';
import { STREAMS } from '../../core/link/stream.ts';
import type { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { LinkSite } from '../support/link/link-site.ts';
import type { Counts } from '../support/link/loss-day.ts';
import type { Mosquitto } from '../support/link/mosquitto.ts';
import { StreamLedger } from '../support/link/stream-ledger.ts';
import { realClock } from '../support/real-clock.ts';
import { waitFor } from '../support/wait-for.ts';

/** Messages without an acknowledgement: as many as the link allows itself. */
const AT_ONCE = 16;
/** LevelDB is done with what it does after it was opened. */
const OPENED = 3000;
const LONG = { withinMs: 300_000, everyMs: 2 };

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
}

export interface Ground {
  readonly broker: Mosquitto;
  readonly server: EnrolmentServer;
}

export interface Drained {
  readonly seconds: number;
  readonly messages: readonly Message[];
  readonly ledger: StreamLedger;
}

setFlagsFromString('--expose-gc');
/** What a turn before has left is not to be swept up at the cost of this one. */
const sweep: () => void = runInNewContext('gc');

/** An observer's end. */
async function watcher({ broker }: Pick<Ground, 'broker'>, take: (topic: string, payload: Buffer) => void) {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, ...observer(broker), reconnectPeriod: 0 });
  client.on('message', take);
  await client.subscribeAsync('bartizan/#', { qos: 1 });
  return client;
}

const observer = ({ authority }: Mosquitto) => {
  const { key, cert } = authority.issue({ commonName: 'observer', usage: 'client' });
  return { ca: authority.cert, key, cert };
};

/** The link comes back to a store with a backlog: from the attempt to connect until the broker has acknowledged the last of it. */
export async function drain(
  state: string,
  made: Counts,
  maxBytes: number,
  { broker, server }: Ground,
): Promise<Drained> {
  const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
  if (!opened.ok) throw new Error(opened.public);
  let isOpen = false;
  const site = await LinkSite.make({
    store: opened.value.port,
    brokers: { connect: async (request) => (isOpen ? mqttBrokers.connect(request) : fail('unreachable', 'not yet')) },
  });
  site.settings = { ...site.settings, outbox: { ...site.settings.outbox, maxBytes } };
  site.newest = made.finding;
  const messages: Message[] = [];
  const watching = await watcher({ broker }, (topic, payload) => {
    if (topic.includes('/stream/')) messages.push({ topic, payload });
  });
  try {
    await site.link.start();
    const enrolled = await site.link.enroll(server.token());
    if (!enrolled.ok) throw new Error(enrolled.public);
    await pause(OPENED);
    isOpen = true;
    sweep();
    const begun = performance.now();
    site.ordersLink?.reconnect();
    await waitFor('the last', () => (site.link.status().waitingBytes === 0 ? true : undefined), LONG);
    const seconds = (performance.now() - begun) / 1000;
    const ledger = new StreamLedger();
    let read = 0;
    await waitFor(
      'the messages',
      () => {
        for (const { topic, payload } of messages.slice(read)) ledger.take(topic, payload);
        read = messages.length;
        return STREAMS.every((stream) => ledger.last(stream) >= made[stream]) || undefined;
      },
      LONG,
    );
    return { seconds, messages, ledger };
  } finally {
    await watching.endAsync(true);
    await site.remove();
    await opened.value.service.stop();
  }
}

/** mqtt.js alone, as it would be used: the same messages, as many at once, somebody listening. @returns seconds */
export async function publish(broker: Mosquitto, messages: readonly Message[]): Promise<number> {
  // Held, as what comes of a drain is.
  const arrived: Buffer[] = [];
  const watching = await watcher({ broker }, (_, payload) => void arrived.push(payload));
  const tls = observer(broker);
  sweep();
  const begun = performance.now();
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, ...tls, reconnectPeriod: 0 });
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      let settled = 0;
      const pump = (): void => {
        while (sent < messages.length && sent - settled < AT_ONCE) {
          const { topic, payload } = messages[sent++] as Message;
          client.publish(topic, payload, { qos: 1 }, (cause) => {
            if (cause) reject(cause);
            if (++settled === messages.length) resolve();
            else pump();
          });
        }
      };
      pump();
    });
    const seconds = (performance.now() - begun) / 1000;
    await waitFor('all arrived', () => (arrived.length >= messages.length ? true : undefined));
    return seconds;
  } finally {
    await client.endAsync(true);
    await watching.endAsync(true);
  }
}

/** mqtt.js with a message for each finding, of a part of them. @returns findings a second */
export async function singles(broker: Mosquitto, count: number, messages: readonly Message[]): Promise<number> {
  const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0) / count;
  const topic = messages[0]?.topic ?? '';
  const some = Math.min(count, 20_000);
  const one = { topic, payload: Buffer.alloc(Math.round(bytes), 1) };
  return some / (await publish(broker, new Array<Message>(some).fill(one)));
}
