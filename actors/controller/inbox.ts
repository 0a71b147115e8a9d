import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { CommandWindow } from '../../core/link/commands.ts';
import { judge } from '../../core/link/judge.ts';
import type { Reported } from '../../core/link/reported.ts';
import { envelopeReader, type Incoming, readIncoming } from '../link-wire/index.ts';
import type { Arrived } from './broker-link.ts';
import type { Commands } from './commands.ts';
import type { Counted } from './counted.ts';
import type { Fleet, Member } from './fleet.ts';
import type { FleetKeys } from './key-ring.ts';
import type { ShardKeeper } from './shard-keeper.ts';
import type { StandingOrders } from './standing-orders.ts';
import type { Streams } from './streams.ts';

export interface InboxDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: FleetKeys;
  readonly shards: ShardKeeper;
  readonly fleet: Fleet;
  readonly streams: Streams;
  readonly commands: Commands;
  readonly orders: StandingOrders;
  readonly refused: Counted;
  readonly reported: (member: Member, reported: Reported, payload: Uint8Array) => void;
}

/**
 * Whatever the broker hands over. Leases and keys count by their signatures; what appliances tell is believed as far as the
 * broker lets only them write it, and leads to nothing but records, replays and confirmations of what was ordered before.
 */
export class Inbox {
  readonly #deps: InboxDeps;

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  arrived({ topic, payload, properties }: Arrived): void {
    const read = readIncoming(topic, payload, properties);
    if (!read.ok) {
      this.#refuse('a message was refused', read.code, { topic, why: read.public });
      return;
    }
    const incoming = read.value;
    if (incoming.topic.tenant !== this.#deps.tenant) return;
    if (incoming.is === 'envelope') {
      this.#envelope(incoming).catch((cause: unknown) =>
        this.#deps.log('error', 'an order could not be taken', { topic, cause: messageOf(cause) }),
      );
    } else if (incoming.is !== 'cleared' && incoming.is !== 'list_part') this.#told(incoming, payload);
  }

  #told(incoming: Extract<Incoming, { is: 'presence' | 'reported' | 'result' | 'stream' }>, payload: Uint8Array): void {
    const { shards, fleet, commands, streams, reported } = this.#deps;
    const { serial, shard } = incoming.topic;
    if (!shards.isServed(shard)) return;
    const member = fleet.heard(serial);
    if (member === undefined) return;
    switch (incoming.is) {
      case 'presence':
        fleet.notePresence(member, incoming.presence);
        return;
      case 'reported':
        reported(member, incoming.reported, payload);
        return;
      case 'result':
        commands.arrived(serial, incoming.result);
        return;
      case 'stream':
        streams.arrived(serial, incoming.topic.stream, incoming.batch, payload.length);
    }
  }

  async #envelope({ topic, bytes }: Extract<Incoming, { is: 'envelope' }>): Promise<void> {
    const { tenant, keys, clock, shards, orders } = this.#deps;
    if (topic.kind === 'desired') {
      orders.arrived(topic.serial, bytes);
      return;
    }
    const verdict = judge(bytes, {
      reader: envelopeReader,
      recipient: { role: 'controller', tenant },
      ring: keys.ring,
      // Leases are put in order by whoever hears them.
      taken: new Map(),
      commands: new CommandWindow(),
      clock: { now: clock.now(), isSet: true },
    });
    if (verdict.kind === 'refused') {
      this.#refuse('an order was refused', verdict.code, { topic: topic.kind, why: verdict.text });
      return;
    }
    if (verdict.kind !== 'accepted') return;
    const { order } = verdict;
    if (order.kind === 'lease' && topic.kind === 'lease' && topic.shard === order.lease.shard) shards.heard(order);
    if (order.kind === 'keys') await keys.heard(order, bytes);
  }

  #refuse(what: string, code: string, about: Readonly<Record<string, unknown>>): void {
    const { refused, clock, log } = this.#deps;
    if (refused.isNews(code, clock.now())) log('warn', what, { code, ...about });
  }
}
