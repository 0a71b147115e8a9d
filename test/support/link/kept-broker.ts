import type { BrokerLink, Publication } from '../../../actors/controller/broker-link.ts';

/** A broker that keeps what is retained, as a controller sees it. */
export class KeptBroker implements BrokerLink {
  readonly isConnected = true;
  readonly retained = new Map<string, Uint8Array>();

  async publish({ topic, payload, retain }: Publication): Promise<void> {
    if (retain !== true) return;
    if (payload.length === 0) this.retained.delete(topic);
    else this.retained.set(topic, payload);
  }

  async subscribe(): Promise<void> {}
  async unsubscribe(): Promise<void> {}
  async close(): Promise<void> {}
}
