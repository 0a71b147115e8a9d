import type { BrokerLink } from './broker-link.ts';

/** The link to the broker: subsystems are made before it is there. */
export class LinkSlot {
  #link: BrokerLink | undefined;

  fill(link: BrokerLink): void {
    this.#link = link;
  }

  /** @throws Error before there is one: a bug of the caller */
  get link(): BrokerLink {
    if (this.#link === undefined) throw new Error('there is no link yet');
    return this.#link;
  }

  get isConnected(): boolean {
    return this.#link?.isConnected === true;
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }
}
