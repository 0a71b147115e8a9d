import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import mqtt from 'mqtt';
import { decodeStreamBatch } from '../../actors/link-wire/index.ts';
import { createRecords, openStore, type StorePort } from '../../actors/store/index.ts';
import { fail } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { findings } from '../../core/keys/records.ts';
import { endOf } from '../../core/link/stream.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { LinkSite } from '../support/link/link-site.ts';
import { Mosquitto } from '../support/link/mosquitto.ts';
import { realClock } from '../support/real-clock.ts';
import { someFinding } from '../support/some-finding.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench, Wrong } from './bench.ts';

/** Messages without an acknowledgement: as many as the link allows itself. */
const AT_ONCE = 16;
const MIB = 1024 * 1024;
const TO_DISK = 6000;

/** What the link takes for a backlog of findings, and what mqtt.js alone takes for the same messages. */
export const link = declareBench({
  name: 'link',
  about:
    'A backlog of findings drained to a broker over TLS, beside mqtt.js publishing the same bytes in the same run.',
  options: {
    findings: { about: 'findings that wait', value: 200_000 },
    turns: { about: 'times that both are measured, one after the other', value: 3 },
  },
  async run({ findings: count, turns }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-link-'));
    const broker = await Mosquitto.make();
    await broker.start();
    const server = await EnrolmentServer.start(broker.authority, [broker.url]);
    try {
      const ratios: number[] = [];
      const drained: number[] = [];
      const raw: number[] = [];
      const single: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        const state = join(directory, String(turn));
        const { seconds, messages } = await drain({ state, count, broker, server });
        const rawSeconds = await publish(broker, messages);
        const items = await singles(broker, count, messages);
        drained.push(count / seconds);
        raw.push(count / rawSeconds);
        single.push(items);
        ratios.push(rawSeconds / seconds);
        say(
          `drained ${Math.round(count / seconds)} findings/s, mqtt.js with the same messages ${Math.round(count / rawSeconds)}, with a message for each finding ${Math.round(items)}`,
        );
      }
      return {
        drained_findings_per_s: Math.round(median(drained)),
        raw_findings_per_s: Math.round(median(raw)),
        single_findings_per_s: Math.round(median(single)),
        ratio: Math.round(median(ratios) * 100) / 100,
        ratio_to_single: Math.round((median(drained) / median(single)) * 100) / 100,
      };
    } finally {
      await server.stop();
      await broker.remove();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

interface Drained {
  readonly seconds: number;
  readonly messages: readonly Message[];
}

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
}

/** An observer's end: counts what it gets, in order. */
async function watcher(broker: Mosquitto, take: (topic: string, payload: Buffer) => void) {
  const { key, cert } = broker.authority.issue({ commonName: 'observer', usage: 'client' });
  const tls = { ca: broker.authority.cert, key, cert };
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, ...tls, reconnectPeriod: 0 });
  client.on('message', take);
  await client.subscribeAsync('bartizan/#', { qos: 1 });
  return client;
}

/** Findings that were made while there was no link, then the link: from the first batch to the last acknowledgement. */
async function drain({
  state,
  count,
  broker,
  server,
}: {
  readonly state: string;
  readonly count: number;
  readonly broker: Mosquitto;
  readonly server: EnrolmentServer;
}): Promise<Drained> {
  const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
  if (!opened.ok) throw new Error(opened.public);
  const store: StorePort = opened.value.port;
  await fill(store, count);
  let isOpen = false;
  const site = await LinkSite.make({
    store,
    brokers: { connect: async (request) => (isOpen ? reach(request) : fail('unreachable', 'not yet')) },
  });
  site.settings = { ...site.settings, outbox: { ...site.settings.outbox, maxBytes: 1024 * MIB } };
  site.newest = count;
  const messages: Message[] = [];
  let next = 1;
  const watching = await watcher(broker, (topic, payload) => {
    if (!topic.endsWith('/stream/finding')) return;
    messages.push({ topic, payload });
  });
  try {
    await site.link.start();
    const enrolled = await site.link.enroll(server.token());
    if (!enrolled.ok) throw new Error(enrolled.public);
    await waitFor('the backlog', () => (site.link.component().counters['finding_items'] ?? 0) >= count || undefined, {
      withinMs: 300_000,
    });
    // A link that is away for long finds everything on the disk when it is back.
    await pause(TO_DISK);
    isOpen = true;
    const begun = performance.now();
    site.ordersLink?.reconnect();
    await waitFor('the last', () => (site.link.component().counters['finding_sent'] === count ? true : undefined), {
      withinMs: 300_000,
      everyMs: 5,
    });
    const seconds = (performance.now() - begun) / 1000;
    await waitFor('the messages', () => {
      for (const { payload } of messages.slice(0)) {
        const read = decodeStreamBatch(payload);
        if (!read.ok || read.value.first !== next) continue;
        next = endOf(read.value);
      }
      return next > count ? true : undefined;
    });
    if (next !== count + 1) throw new Wrong(`only ${next - 1} of ${count} arrived in order`, { arrived: next - 1 });
    return { seconds, messages };
  } finally {
    await watching.endAsync(true);
    await site.remove();
    await opened.value.service.stop();
  }
}

async function reach(request: Parameters<LinkBrokers['connect']>[0]) {
  const { mqttBrokers } = await import('../../actors/controller-link/mqtt.ts');
  return mqttBrokers.connect(request);
}
type LinkBrokers = typeof import('../../actors/controller-link/mqtt.ts')['mqttBrokers'];

async function fill(store: StorePort, count: number): Promise<void> {
  const records = createRecords(store);
  const now = Date.now();
  for (let from = 1; from <= count; from += 2000) {
    await records.write(async (writes) => {
      for (let n = from; n < from + 2000 && n <= count; n++) {
        await writes.append(findings, { ...someFinding(n), at: millis(now - count + n) as Millis });
      }
    });
  }
}

/** mqtt.js alone, as it would be used: the same messages, as many at once, somebody listening. @returns seconds */
async function publish(broker: Mosquitto, messages: readonly Message[], atOnce = AT_ONCE): Promise<number> {
  const { key, cert } = broker.authority.issue({ commonName: 'observer', usage: 'client' });
  let arrived = 0;
  const watching = await watcher(broker, () => {
    arrived++;
  });
  const tls = { ca: broker.authority.cert, key, cert };
  const begun = performance.now();
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, ...tls, reconnectPeriod: 0 });
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      let settled = 0;
      const pump = (): void => {
        while (sent < messages.length && sent - settled < atOnce) {
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
    await waitFor('all arrived', () => (arrived >= messages.length ? true : undefined));
    return seconds;
  } finally {
    await client.endAsync(true);
    await watching.endAsync(true);
  }
}

/** mqtt.js with a message for each finding, of a part of them. @returns findings a second */
async function singles(broker: Mosquitto, count: number, messages: readonly Message[]): Promise<number> {
  const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0) / count;
  const topic = messages[0]?.topic ?? 'bartizan/1/t/00/s/stream/finding';
  const some = Math.min(count, 20_000);
  const one = { topic, payload: Buffer.alloc(Math.round(bytes), 1) };
  return some / (await publish(broker, new Array<Message>(some).fill(one)));
}
