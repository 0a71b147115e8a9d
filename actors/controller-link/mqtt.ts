import type { TLSSocket } from 'node:tls';
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { seconds } from '../../core/base/time.ts';
import { CONNECT_WITHIN } from '../../core/link/connecting.ts';
import { contentType } from '../link-wire/index.ts';
import { openPath, within } from './effects.ts';
import type {
  BrokerConnection,
  BrokerPort,
  ConnectFailure,
  ConnectRequest,
  Incoming,
  Outgoing,
  PublishFailure,
} from './port.ts';

const MQTT_VERSION = 5;
/** Topics are long and few: most of a small message is saved by naming them by number. */
const TOPIC_ALIASES = 16;
/** MQTT 5, 2.2.2.2 and 3.2.2.3: what holds where a broker names no bound. */
const UNBOUNDED_RECEIVE = 65_535;
const LARGEST_PACKET = 268_435_455;
/** A good-bye that is not heard by then is not waited for. */
const GOODBYE = seconds(3);
/** First of the reason codes that mean failure. */
const FAILURE = 0x80;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtts:': 8883, 'wss:': 443 };

/** Brokers by mqtt.js, which keeps no session and no queue of its own: each connection is another client. */
export const mqttBrokers: BrokerPort = {
  async connect(request) {
    const url = new URL(request.broker);
    try {
      const socket = await openPath({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 443) : Number(url.port),
        ...(request.proxy === undefined ? {} : { proxy: request.proxy }),
        tls: { ca: request.credentials.authority, cert: request.credentials.cert, key: request.credentials.key },
        signal: request.signal,
      });
      return await greet(request, url, socket);
    } catch (thrown) {
      return failure(thrown);
    }
  },
};

function optionsOf({ will, ...request }: ConnectRequest): IClientOptions {
  return {
    protocolVersion: MQTT_VERSION,
    clientId: request.clientId,
    clean: false,
    keepalive: Math.ceil(request.keepalive / 1000),
    reschedulePings: true,
    connectTimeout: CONNECT_WITHIN,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    autoAssignTopicAlias: true,
    properties: {
      sessionExpiryInterval: Math.ceil(request.sessionExpiry / 1000),
      receiveMaximum: request.receiveMaximum,
      maximumPacketSize: request.maximumPacketSize,
      topicAliasMaximum: TOPIC_ALIASES,
      requestProblemInformation: true,
    },
    will: {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      qos: 1,
      retain: will.isRetained ?? false,
      properties: { willDelayInterval: Math.ceil(will.delay / 1000), contentType: contentType(will.message) },
    },
  };
}

/** The client over a connection that stands: over WebSocket it is given to whoever asks for one. */
function clientOf(request: ConnectRequest, url: URL, socket: TLSSocket): MqttClient {
  const options = optionsOf(request);
  if (url.protocol === 'mqtts:') return new mqtt.MqttClient(() => socket, options);
  return mqtt.connect({
    ...options,
    protocol: 'wss',
    hostname: url.hostname,
    port: url.port === '' ? 443 : Number(url.port),
    path: `${url.pathname}${url.search}`,
    wsOptions: {
      createConnection: () => socket,
      maxPayload: request.maximumPacketSize,
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_WITHIN,
    },
  });
}

/** Waits for the broker's word. */
function greet(
  request: ConnectRequest,
  url: URL,
  socket: TLSSocket,
): Promise<Result<BrokerConnection, ConnectFailure>> {
  return new Promise((resolve) => {
    const client = clientOf(request, url, socket);
    const link = new MqttConnection(client, socket, request);
    const end = (answer: Result<BrokerConnection, ConnectFailure>): void => {
      request.signal.removeEventListener('abort', aborted);
      if (!answer.ok) link.drop();
      resolve(answer);
    };
    const aborted = (): void => end(fail('unreachable', messageOf(request.signal.reason)));
    request.signal.addEventListener('abort', aborted);
    link.onError = (cause) => end(failure(cause));
    link.onGone = (why) => end(fail('unreachable', why));
    client.once('connect', (connack) => {
      link.stand(connack);
      end(ok(link));
    });
    if (request.signal.aborted) aborted();
  });
}

class MqttConnection implements BrokerConnection {
  readonly #client: MqttClient;
  readonly #socket: TLSSocket;
  readonly #request: ConnectRequest;
  #connack: IConnackPacket | undefined;
  #isClosing = false;
  #lastError: string | undefined;
  onError: ((cause: Error) => void) | undefined;
  onGone: ((why: string) => void) | undefined;

  constructor(client: MqttClient, socket: TLSSocket, request: ConnectRequest) {
    this.#client = client;
    this.#socket = socket;
    this.#request = request;
    client.on('error', (cause) => {
      this.#lastError ??= messageOf(cause);
      this.onError?.(cause);
    });
    client.on('disconnect', ({ reasonCode = 0, properties }) => {
      this.#lastError ??= `the broker ends it: ${properties?.reasonString ?? `reason ${reasonCode}`}`;
    });
    client.on('close', () => this.#gone());
    client.handleMessage = (packet, done) => {
      request.onMessage(incomingOf(packet, topicIn(packet, this.#aliases))).then(
        () => done(),
        (cause: Error) => done(cause),
      );
    };
  }

  /** mqtt.js completes a topic that came as a number only for its event, which comes ahead of `handleMessage`. */
  readonly #aliases = new Map<number, string>();

  get hasSession(): boolean {
    return this.#connack?.sessionPresent ?? false;
  }

  get limits() {
    const { receiveMaximum = UNBOUNDED_RECEIVE, maximumPacketSize = LARGEST_PACKET } = this.#connack?.properties ?? {};
    return { receiveMaximum: Math.max(1, receiveMaximum), maximumPacketSize };
  }

  stand(connack: IConnackPacket): void {
    this.#connack = connack;
    this.onError = undefined;
    this.onGone = (why) => this.#request.onClosed(why);
  }

  drop(): void {
    this.#isClosing = true;
    this.#client.end(true);
    this.#socket.destroy();
  }

  async subscribe(filters: readonly string[]): Promise<Result<void, PublishFailure>> {
    if (filters.length === 0) return ok(undefined);
    return this.#answered(async () => {
      const granted = await this.#client.subscribeAsync([...filters], { qos: 1, rap: true, rh: 0 });
      const refused = granted.filter(({ qos }) => qos >= FAILURE).map(({ topic }) => topic);
      return refused.length === 0 ? ok(undefined) : fail('refused', `the broker lets us not listen to ${refused[0]}`);
    });
  }

  async unsubscribe(filters: readonly string[]): Promise<Result<void, PublishFailure>> {
    if (filters.length === 0) return ok(undefined);
    return this.#answered(async () => {
      await this.#client.unsubscribeAsync([...filters]);
      return ok(undefined);
    });
  }

  /** Asks the broker, and has an answer also where the connection goes. */
  async #answered(ask: () => Promise<Result<void, PublishFailure>>): Promise<Result<void, PublishFailure>> {
    if (this.#isGone) return fail('closed', this.#why);
    const gone = Promise.withResolvers<Result<void, PublishFailure>>();
    this.#settle.add(gone.resolve);
    try {
      return await Promise.race([ask(), gone.promise]);
    } catch (thrown) {
      return fail(codeOf(thrown) === undefined ? 'closed' : 'refused', messageOf(thrown), thrown);
    } finally {
      this.#settle.delete(gone.resolve);
    }
  }

  publish({ topic, payload, isRetained = false, message }: Outgoing): Promise<Result<void, PublishFailure>> {
    return new Promise((resolve) => {
      const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const properties = { contentType: contentType(message) };
      this.#settle.add(resolve);
      const settle = (result: Result<void, PublishFailure>): void => {
        this.#settle.delete(resolve);
        resolve(result);
      };
      if (this.#isGone) return settle(fail('closed', this.#why));
      this.#client.publish(topic, body, { qos: 1, retain: isRetained, properties }, (cause) => {
        if (cause === undefined || cause === null) settle(ok(undefined));
        else settle(fail(codeOf(cause) === undefined ? 'closed' : 'refused', messageOf(cause), cause));
      });
    });
  }

  /** What is under way: mqtt.js would keep it for a connection that never comes. */
  readonly #settle = new Set<(result: Result<void, PublishFailure>) => void>();
  #isGone = false;

  get #why(): string {
    return this.#lastError ?? 'the connection was closed';
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const settle of this.#settle) settle(fail('closed', this.#why));
    this.#settle.clear();
    if (!this.#isClosing) this.onGone?.(this.#why);
    // Whatever it would still do by itself.
    this.#client.end(true);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#socket.destroy();
        this.#gone();
        resolve();
      };
      const cancel = within(GOODBYE, done);
      this.#socket.once('close', done);
      if (this.#isGone || this.#socket.destroyed) done();
      else this.#client.end(false, { reasonCode: 0 }, done);
    });
  }

  traffic() {
    return { sent: this.#socket.bytesWritten, received: this.#socket.bytesRead };
  }
}

function incomingOf({ payload, retain, properties }: IPublishPacket, topic: string): Incoming {
  const { contentType: type, messageExpiryInterval: expiry } = properties ?? {};
  return {
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    isRetained: retain,
    ...(type === undefined ? {} : { contentType: type }),
    ...(expiry === undefined ? {} : { expiry }),
  };
}

function topicIn({ topic, properties }: IPublishPacket, aliases: Map<number, string>): string {
  const alias = properties?.topicAlias;
  if (alias === undefined) return topic;
  if (topic !== '') aliases.set(alias, topic);
  return topic === '' ? (aliases.get(alias) ?? '') : topic;
}

/** The broker's reason code. */
function codeOf(thrown: unknown): number | undefined {
  const { code } = (thrown ?? {}) as { readonly code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

const UNTRUSTED = /^(?:UNABLE_TO_|CERT_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT_ALTNAME|INVALID_CA|PATH_LENGTH)/;
const ALERT_REVOKED = /CERTIFICATE_REVOKED/;
const ALERT_CERTIFICATE = /ALERT_(?:BAD_|UNKNOWN_CA|ACCESS_DENIED|CERTIFICATE|UNSUPPORTED)|SSLV3_ALERT/;

/** What a failure means. A TLS alert about our certificate comes as an error of the connection, with version 1.3 after it stood. */
function failure(thrown: unknown): Result<never, ConnectFailure> {
  const { code } = (thrown ?? {}) as { readonly code?: unknown };
  const text = messageOf(thrown);
  if (typeof code === 'number') return fail('refused', text, thrown);
  if (typeof code !== 'string') return fail('unreachable', text, thrown);
  if (ALERT_REVOKED.test(code)) return fail('revoked', 'the broker says that our certificate was revoked', thrown);
  if (UNTRUSTED.test(code)) return fail('untrusted', `its certificate is not believed: ${text}`, thrown);
  if (ALERT_CERTIFICATE.test(code)) return fail('refused', `it does not take our certificate: ${text}`, thrown);
  return fail('unreachable', text, thrown);
}
