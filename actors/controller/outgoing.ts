import type { Id } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, millis, plus, seconds } from '../../core/base/time.ts';
import { type UnpublishedRecord, unpublished } from '../../core/controller/records.ts';
import { SKEW } from '../../core/link/order.ts';
import { topicOf } from '../../core/link/topics.ts';
import type { Records, Writes } from '../store/index.ts';
import type { BrokerLink } from './broker-link.ts';

/** A signed order that the broker is to have. */
export interface Leaving extends Name {
  readonly serial: string;
  readonly order: Id;
  readonly payload: Uint8Array;
  /** End of a command. What is desired has none: it is retained. */
  readonly until?: Millis;
}

interface Name {
  readonly kind: 'desired' | 'cmd';
  /** Of what is desired the serial: a later order takes the place of an earlier one. Of a command its id. */
  readonly name: string;
}

export interface OutgoingDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly link: () => BrokerLink;
  /** Whether this controller serves the appliance: what another one has desired of it since is not written over. */
  readonly serves: (serial: string) => boolean;
}

/** Orders of an earlier connection that are published together. */
const AT_ONCE = 200;
/** From the first shard that is served to what is left for its appliances; the shards of a start come together. */
const SOON = seconds(1);

/**
 * Orders between their being written down and the broker's having them. What a connection or a run of this program did not
 * bring to the broker goes with the next one, as long as it stands: an appliance tells an order that comes again by its id.
 */
export class Outgoing {
  readonly #deps: OutgoingDeps;
  /** Those that are written down and that nobody is publishing. */
  readonly #left = new Map<string, Name>();
  #cancel: (() => void) | undefined;

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
  }

  /** What an earlier run left. */
  async load(): Promise<void> {
    for await (const [[kind, name]] of this.#deps.records.list(unpublished, [])) {
      if (kind === 'desired' || kind === 'cmd') this.#leave({ kind, name });
    }
  }

  /** Writes one down, with what goes with it; before it is published. */
  keep(writes: Writes, { kind, name, serial, order, payload, until }: Leaving): Promise<void> {
    const envelope = Buffer.from(payload).toString('base64');
    return writes.put(unpublished, [kind, name], {
      serial,
      order,
      envelope,
      ...(until === undefined ? {} : { until }),
    });
  }

  /** Nobody needs it any more. */
  async drop(writes: Writes, { kind, name }: Name): Promise<void> {
    this.#left.delete(keyOf({ kind, name }));
    await writes.delete(unpublished, [kind, name]);
  }

  /** Resolves once the broker has them; at once without a connection. Never rejects. */
  async publish(all: readonly Leaving[]): Promise<void> {
    const { link, log } = this.#deps;
    if (!link().isConnected) {
      for (const one of all) this.#leave(one);
      return;
    }
    const had: Leaving[] = [];
    let trouble: unknown;
    const hand = async (one: Leaving): Promise<void> => {
      this.#left.delete(keyOf(one));
      try {
        await this.#hand(one);
        had.push(one);
      } catch (cause) {
        this.#leave(one);
        trouble ??= cause;
      }
    };
    await Promise.all(all.map(hand));
    if (had.length < all.length) {
      const about = { orders: all.length - had.length, cause: messageOf(trouble) };
      log('warn', 'orders go with the next connection', about);
    }
    await this.#forget(had);
  }

  /** As `resume`, for each shard that is served from now on. */
  resumeSoon(): void {
    if (this.#left.size === 0) return;
    this.#cancel ??= this.#deps.clock.after(SOON, () => {
      this.#cancel = undefined;
      void this.resume();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Publishes what is left; for each connection. Never rejects. */
  async resume(): Promise<void> {
    const left = [...this.#left.values()];
    try {
      for (let i = 0; i < left.length; i += AT_ONCE) await this.#resumeSome(left.slice(i, i + AT_ONCE));
    } catch (cause) {
      this.#deps.log('error', 'orders that were not published cannot be read', { cause: messageOf(cause) });
    }
  }

  async #resumeSome(some: readonly Name[]): Promise<void> {
    const { records, clock, serves } = this.#deps;
    const found = await Promise.all(some.map(({ kind, name }) => records.get(unpublished, [kind, name])));
    const [good, over]: [Leaving[], Leaving[]] = [[], []];
    for (const [i, one] of some.entries()) {
      // Meanwhile a later order of that name may have been published.
      if (!this.#left.has(keyOf(one))) continue;
      const record = found[i];
      if (record === undefined) this.#left.delete(keyOf(one));
      else if (one.kind === 'desired' && !serves(record.serial)) continue;
      else (isOver(record, clock.now()) ? over : good).push(leavingOf(one, record));
    }
    for (const one of over) this.#left.delete(keyOf(one));
    await Promise.all([this.publish(good), this.#forget(over)]);
  }

  async #hand({ kind, serial, payload, until }: Leaving): Promise<void> {
    const { link, tenant, clock } = this.#deps;
    // Beyond its end for so long an appliance with another clock would still take it.
    const expiry = until === undefined ? undefined : millis(Math.max(1000, until + SKEW - clock.now()));
    await link().publish({
      topic: topicOf({ tenant, serial }, { kind }),
      payload,
      message: 'Envelope',
      retain: kind === 'desired',
      ...(expiry === undefined ? {} : { expiry }),
    });
  }

  async #forget(those: readonly Leaving[]): Promise<void> {
    if (those.length === 0) return;
    const { records, log } = this.#deps;
    try {
      await records.write(async (writes) => {
        const kept = await Promise.all(those.map(({ kind, name }) => writes.get(unpublished, [kind, name])));
        for (const [i, { kind, name, order }] of those.entries()) {
          if (kept[i]?.order === order) await writes.delete(unpublished, [kind, name]);
        }
      });
    } catch (cause) {
      log('error', 'that orders were published was not written down', { cause: messageOf(cause) });
    }
  }

  #leave({ kind, name }: Name): void {
    this.#left.set(keyOf({ kind, name }), { kind, name });
  }
}

const keyOf = ({ kind, name }: Name): string => `${kind}/${name}`;

const isOver = ({ until }: UnpublishedRecord, now: Millis): boolean => until !== undefined && plus(until, SKEW) < now;

const leavingOf = ({ kind, name }: Name, { envelope, ...record }: UnpublishedRecord): Leaving => ({
  kind,
  name,
  ...record,
  payload: Buffer.from(envelope, 'base64'),
});
