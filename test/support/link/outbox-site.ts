import type { StreamSource } from '../../../actors/controller-link/feed.ts';
import { Outbox } from '../../../actors/controller-link/outbox.ts';
import type { Outgoing, Priority, SendFailure } from '../../../actors/controller-link/port.ts';
import { findingSource, wireFinding } from '../../../actors/controller-link/sources.ts';
import { createRecords, type Records, type StorePort } from '../../../actors/store/index.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { days, type Millis } from '../../../core/base/time.ts';
import type { Finding } from '../../../core/detect/finding.ts';
import { findings } from '../../../core/keys/records.ts';
import type { StreamItem, StreamName } from '../../../core/link/stream.ts';
import { mulberry32 } from '../mulberry.ts';
import { randomFrom } from '../random-bytes.ts';
import { settled } from '../settled.ts';
import type { SimulatedClock } from '../simulated-clock.ts';
import { someFinding } from '../some-finding.ts';
import { StreamLedger } from './stream-ledger.ts';

export const topicOfStream = (stream: StreamName): string => `bartizan/1/t/00/4K7Q-M2XW-9TC/stream/${stream}`;

/** An outbox over a store, and a broker that hands everything to a ledger. */
export class OutboxSite {
  readonly store: StorePort;
  readonly clock: SimulatedClock;
  readonly records: Records;
  readonly ledger: StreamLedger;
  outbox: Outbox;
  bounds = { maxBytes: 64 * 1024 * 1024, maxAge: days(7) as Millis };
  largest = 268_435_455;
  isUp = false;
  /** What the broker says to a message. */
  answer: (message: Outgoing) => Promise<Result<void, SendFailure>> = async () => ok(undefined);
  readonly order: Priority[] = [];
  #starts = 0;

  constructor(store: StorePort, clock: SimulatedClock, ledger: StreamLedger = new StreamLedger()) {
    this.store = store;
    this.clock = clock;
    this.records = createRecords(store);
    this.ledger = ledger;
    this.outbox = this.#made(false);
  }

  #made(isRepaired: boolean): Outbox {
    const life = ++this.#starts;
    return new Outbox({
      store: this.store,
      records: this.records,
      // The timers of a process end with it.
      clock: {
        now: () => this.clock.now(),
        after: (delay, run) => this.clock.after(delay, () => life === this.#starts && run()),
      },
      random: randomFrom(mulberry32(life)),
      log: () => {},
      topic: topicOfStream,
      bounds: () => this.bounds,
      isRepaired,
      carrier: {
        largestPayload: () => this.largest,
        send: async (message, priority) => {
          if (!this.isUp) return fail('not_connected', 'no link');
          this.order.push(priority);
          this.ledger.take(message.topic, message.payload);
          return this.answer(message);
        },
      },
    });
  }

  /** The process is gone, and another one begins on what the store holds. */
  async again({ isRepaired = false } = {}): Promise<void> {
    this.outbox.closed();
    this.isUp = false;
    this.outbox = this.#made(isRepaired);
    await this.outbox.load();
  }

  up(): void {
    this.isUp = true;
    this.outbox.opened();
  }

  down(): void {
    this.isUp = false;
    this.outbox.closed();
  }

  add(stream: StreamName, n: number, at: Millis = this.clock.now()): void {
    this.outbox.add(stream, itemOf(stream, n, at), at);
  }

  /** Until nothing moves any more, timers of the next second included. */
  async quiet(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      this.clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await settled();
    }
  }

  async keep(made: readonly Finding[]): Promise<void> {
    await this.records.write(async (writes) => {
      for (const finding of made) await writes.append(findings, finding);
    });
  }
}

/** The findings of a store as a source, which may begin to number anew. */
export function sourceOf(store: StorePort, newest: () => number): { readonly source: StreamSource; rewound?: number } {
  const state: { source: StreamSource; rewound?: number } = {
    source: findingSource({
      store,
      newest,
      renumbered: () => {
        const was = state.rewound;
        delete state.rewound;
        return was;
      },
    }),
  };
  return state;
}

export function itemOf(stream: StreamName, n: number, at: Millis): StreamItem {
  const finding = wireFinding(someFinding(n));
  if (stream === 'finding') return { kind: 'finding', finding: { ...finding, at } };
  if (stream === 'audit') {
    const record = new TextEncoder().encode(`{"serial":${n}}`);
    return { kind: 'audit', audit: { serial: n, record, hash: 'ab'.repeat(32) as never } };
  }
  if (stream === 'incident') {
    const { check, severity, subject, count } = finding;
    const incident = { key: `${check} ${n}`, check, severity, subject, firstAt: at, lastAt: at, count };
    return { kind: 'incident', incident: { ...incident, dismissed: false, response: '' } };
  }
  const event = { at, source: '/var/log/auth.log', program: 'sshd', action: 'login_failed', message: `line ${n}` };
  return { kind: 'event', event: { ...event, fields: { user: 'root' }, provenance: 'file' } };
}
