import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqtt, { type MqttClient } from 'mqtt';
import { waitFor } from '../wait-for.ts';
import type { Mosquitto } from './mosquitto.ts';

export interface Seen {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
  readonly contentType: string | undefined;
}

/** Somebody who sees every message of a broker, and may publish any. */
export class Observer {
  readonly seen: Seen[] = [];
  readonly #client: MqttClient;
  onSeen: ((seen: Seen) => void) | undefined;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload, { retain, properties }) => {
      const seen = { topic, payload, isRetained: retain, contentType: properties?.contentType };
      this.seen.push(seen);
      this.onSeen?.(seen);
    });
  }

  static async connect(broker: Mosquitto): Promise<Observer> {
    const { key, cert } = broker.authority.issue({ commonName: 'observer', usage: 'client' });
    const client = await mqtt.connectAsync(broker.url, {
      protocolVersion: 5,
      ca: broker.authority.cert,
      key,
      cert,
      clientId: `observer-${process.hrtime.bigint()}`,
      reconnectPeriod: 0,
    });
    const observer = new Observer(client);
    await client.subscribeAsync('bartizan/#', { qos: 1, rap: true });
    return observer;
  }

  /** The same by a socket that leads to the broker, with the certificate of somebody who may do all in that fleet. */
  static async through(
    path: string,
    tenant: string,
    tls: { readonly ca: string; readonly cert: string; readonly key: string },
  ): Promise<Observer> {
    const stream = () => connectTls({ ...tls, socket: connectTcp(path), servername: 'localhost' });
    const clientId = `observer-${process.hrtime.bigint()}`;
    const client = new mqtt.MqttClient(stream, { protocolVersion: 5, clientId, reconnectPeriod: 0 });
    const observer = new Observer(client);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve()).once('error', reject);
    });
    await client.subscribeAsync(`bartizan/1/${tenant}/#`, { qos: 1, rap: true });
    return observer;
  }

  async publish(topic: string, payload: Uint8Array, { retain = false } = {}): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain });
  }

  /** The first message, of those seen and to come, that is so. */
  find(what: string, is: (seen: Seen) => boolean): Promise<Seen> {
    return waitFor(what, () => this.seen.find(is));
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
