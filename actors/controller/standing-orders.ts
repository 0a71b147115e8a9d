import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { CommandWindow } from '../../core/link/commands.ts';
import type { Hex } from '../../core/link/hex.ts';
import { judge } from '../../core/link/judge.ts';
import type { KeyRing } from '../../core/link/keys.ts';
import { topicOf } from '../../core/link/topics.ts';
import { envelopeReader } from '../link-wire/index.ts';
import type { BrokerLink } from './broker-link.ts';

export interface StandingOrdersDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: { readonly ring: KeyRing };
  readonly link: () => BrokerLink;
}

/**
 * What is desired of appliances by the word of other controllers, as it stands signed at their own topics: it is asked for only
 * where an appliance has on trial what was not issued here.
 */
export class StandingOrders {
  readonly #deps: StandingOrdersDeps;
  /** Serials whose topics are listened to. */
  readonly #asked = new Set<string>();
  /** Orders that were asked for and are believed, by serial. */
  readonly #believed = new Map<string, Hex>();
  #found: (serial: string) => void = () => undefined;

  constructor(deps: StandingOrdersDeps) {
    this.#deps = deps;
  }

  /** @param found an order stands at the topic of this appliance that a believed key has signed */
  onFound(found: (serial: string) => void): void {
    this.#found = found;
  }

  /** Whether this order, by the SHA-256 of its payload, was found there. */
  stands(serial: string, order: Hex): boolean {
    return this.#believed.get(serial) === order;
  }

  /** Has the broker say what stands there. Where it cannot be asked now it is when the connection is back. */
  ask(serials: readonly string[]): void {
    const news = serials.filter((serial) => !this.#asked.has(serial));
    if (news.length === 0) return;
    for (const serial of news) this.#asked.add(serial);
    const { link, log } = this.#deps;
    link()
      .subscribe(news.map((serial) => this.#topic(serial)))
      .catch((cause: unknown) => log('warn', 'what is desired could not be asked for', { cause: messageOf(cause) }));
  }

  /** What stands at the topic of an appliance. What nobody asked for is passed over. */
  arrived(serial: string, bytes: Uint8Array): void {
    if (!this.#asked.has(serial)) return;
    this.#leave(serial);
    const { tenant, keys, clock, log } = this.#deps;
    const verdict = judge(bytes, {
      reader: envelopeReader,
      recipient: { role: 'appliance', tenant, serial },
      ring: keys.ring,
      taken: new Map(),
      commands: new CommandWindow(),
      clock: { now: clock.now(), isSet: true },
    });
    if (verdict.kind !== 'accepted' || verdict.order.kind !== 'desired') {
      const why = verdict.kind === 'refused' ? verdict.text : 'it is none for a configuration';
      log('warn', 'the order that stands at an appliance is not believed', { serial, why });
      return;
    }
    this.#believed.set(serial, verdict.digest);
    this.#found(serial);
  }

  /** Nothing is on trial there any more, or somebody else looks after it. */
  forget(serial: string): void {
    this.#believed.delete(serial);
    if (this.#asked.has(serial)) this.#leave(serial);
  }

  #leave(serial: string): void {
    this.#asked.delete(serial);
    const { link, log } = this.#deps;
    link()
      .unsubscribe([this.#topic(serial)])
      .catch((cause: unknown) => log('debug', 'a topic is still listened to', { cause: messageOf(cause) }));
  }

  #topic(serial: string): string {
    return topicOf({ tenant: this.#deps.tenant, serial }, { kind: 'desired' });
  }
}
