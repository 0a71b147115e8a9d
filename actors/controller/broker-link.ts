import type { MqttClient } from 'mqtt';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { contentType, type MessageName } from '../link-wire/index.ts';
import { brokerPlace, connectTrouble } from './broker-place.ts';

/** How a message is to be published; always QoS 1. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain?: boolean;
  /** Name of the message, for the content type; none of bytes that are no message. */
  readonly message?: MessageName;
  /** How long the broker keeps it for who is away. */
  readonly expiry?: Millis;
}

export interface Arrived {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** As the library gives them. */
  readonly properties: unknown;
}

/** A broker as a controller needs it. */
export interface BrokerLink {
  /** Resolves when the broker has it; waits while there is no connection. Rejects once the link is closed. */
  publish(publication: Publication): Promise<void>;
  /** Resolves when the broker has said so, or at once where there is no connection: filters are asked for with each one, so that what is retained comes. */
  subscribe(filters: readonly string[]): Promise<void>;
  /** When this resolves nothing more comes by these filters. */
  unsubscribe(filters: readonly string[]): Promise<void>;
  readonly isConnected: boolean;
  close(): Promise<void>;
}

export interface BrokerLinkDeps {
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
  readonly clock: Clock;
  readonly log: Log;
  /** Called one after the other; the broker is told that a message was taken when this has returned. */
  readonly onMessage: (arrived: Arrived) => void;
  readonly onConnection: (isThere: boolean) => void;
}

/** Publications that the broker has not acknowledged; brokers end connections that go beyond what they allow. */
const MOST_IN_FLIGHT = 16;
/** The broker keeps what comes for a controller that is away for so long. */
const SESSION = seconds(3600);
const RECONNECT = seconds(2);
const CLOSED = 'the link to the broker is closed';

/** Connects and stays connected. The link is there at once, the connection when it can be had. */
export async function openBrokerLink(deps: BrokerLinkDeps): Promise<BrokerLink> {
  const { default: mqtt } = await import('mqtt');
  const { url, clientId, username, tls, log } = deps;
  const client = mqtt.connect({
    ...brokerPlace(url),
    protocolVersion: 5,
    clientId,
    ...(username === undefined ? {} : { username }),
    clean: false,
    properties: { sessionExpiryInterval: SESSION / 1000, receiveMaximum: 256 },
    keepalive: 30,
    reconnectPeriod: RECONNECT,
    connectTimeout: seconds(15),
    resubscribe: false,
    ...(tls === undefined ? {} : { ...tls, rejectUnauthorized: true }),
  });
  const link = new MqttLink(client, deps);
  // Once an outage, not with each attempt.
  let isTold = false;
  client.on('error', (cause) => {
    if (!isTold) log('warn', 'the broker cannot be reached', { url, cause: connectTrouble(cause) });
    isTold = true;
  });
  client.on('connect', () => {
    isTold = false;
  });
  return link;
}

class MqttLink implements BrokerLink {
  readonly #client: MqttClient;
  readonly #filters = new Set<string>();
  readonly #waiting: { readonly go: () => void; readonly failed: (cause: Error) => void }[] = [];
  #inFlight = 0;
  #closed = false;

  constructor(client: MqttClient, { onMessage, onConnection, log, url }: BrokerLinkDeps) {
    this.#client = client;
    client.on('connect', ({ sessionPresent }) => {
      log('info', 'connected to the broker', { url, session: sessionPresent ? 'kept' : 'new' });
      // Also where the broker has kept the session: what is retained comes with the asking alone, and who has just been started, or was
      // cut off, knows nothing of it.
      this.#ask([...this.#filters]).then(
        () => onConnection(true),
        (cause: unknown) => log('error', 'the broker refuses subscriptions', { cause: messageOf(cause) }),
      );
    });
    client.on('close', () => onConnection(false));
    client.handleMessage = ({ topic, payload, properties }, done) => {
      try {
        onMessage({ topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, properties });
      } catch (cause) {
        log('error', 'a message could not be taken', { topic, cause: messageOf(cause) });
      }
      done();
    };
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  publish(publication: Publication): Promise<void> {
    if (this.#closed) return Promise.reject(new Error(CLOSED));
    return new Promise((done, failed) => {
      this.#waiting.push({ go: () => this.#hand(publication).then(done, failed), failed });
      this.#next();
    });
  }

  /** In the order of the calls: of what is retained the last has to come last. */
  #next(): void {
    while (this.#inFlight < MOST_IN_FLIGHT) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#inFlight++;
      waiting.go();
    }
  }

  async #hand({ topic, payload, retain = false, message, expiry }: Publication): Promise<void> {
    try {
      await this.#client.publishAsync(topic, Buffer.from(payload), {
        qos: 1,
        retain,
        properties: {
          ...(message === undefined ? {} : { contentType: contentType(message) }),
          ...(expiry === undefined ? {} : { messageExpiryInterval: Math.max(1, Math.ceil(expiry / 1000)) }),
        },
      });
    } finally {
      this.#inFlight--;
      this.#next();
    }
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#filters.add(filter);
    if (this.#client.connected) await this.#ask(filters);
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#filters.delete(filter);
    if (this.#client.connected) await this.#client.unsubscribeAsync([...filters]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.endAsync(!this.#client.connected);
    for (const { failed } of this.#waiting.splice(0)) failed(new Error(CLOSED));
  }

  async #ask(filters: readonly string[]): Promise<void> {
    if (filters.length === 0) return;
    await this.#client.subscribeAsync([...filters], { qos: 1, nl: false, rap: false, rh: 0 });
  }
}
