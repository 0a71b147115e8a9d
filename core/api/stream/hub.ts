import { Lanes } from '../../base/lanes.ts';
import type { Clock, Log } from '../../base/ports.ts';
import { messageOf } from '../../base/result.ts';
import { type Millis, millis, seconds } from '../../base/time.ts';
import type { Epochs } from '../../incident/epoch.ts';
import type { StreamSink } from '../http.ts';
import { LATE, within } from '../within.ts';
import { eventId, seenBy } from './event-id.ts';
import { eventFrame, retryFrame } from './frame.ts';
import { Reader } from './reader.ts';
import { type Frame, Ring } from './ring.ts';
import { Slices } from './slices.ts';

export interface Numbered<E> {
  /** `undefined` for one that no client is to see: nothing is missing where its serial is. */
  readonly event: E | undefined;
  /** From 1 upwards: an event is told once it is kept. */
  readonly serial: number;
}

/** Where events come from: as they happen, and out of the store. */
export interface EventFeed<E> {
  /** Serial of the newest event that is kept; never behind what `subscribe` told. */
  newest(): number;
  /** The numberings there have been: another list as soon as a new one begins, before an event of it is told or read. */
  epochs(): Epochs;
  /** Kept events behind a serial, lowest first, `limit` at most. Rejects when the store cannot be read. */
  after(serial: number, limit: number): Promise<readonly Numbered<E>[]>;
  /** Every event from now on, by rising serial. Returns the unsubscriber. */
  subscribe(listener: (news: Numbered<E>) => void): () => void;
}

export interface HubDeps<E> {
  readonly source: EventFeed<E>;
  /** What a client gets to see of an event. */
  readonly show: (event: E) => unknown;
  readonly clock: Clock;
  readonly log: Log;
}

interface Live {
  readonly ring: Ring;
  readonly epochs: Epochs;
  readonly unsubscribe: () => void;
}

/** Events read from the store at once for one client. */
const PAGE = 100;
/** Clients for whom the store is read at a time: after a restart all come back at once. */
const LANES = 4;
/** A read that takes longer counts as failed. */
const READ_LIMIT: Millis = seconds(20);
/** Clients are asked to wait 2 to 5 s before they come back, each a little differently. */
const RETRIES = 31;
const retryOf = (nth: number): Millis => millis(2000 + (nth % RETRIES) * 100);

/**
 * Sends events to many clients: each event encoded once, each client in its own time, those who come back from where
 * they were. Every client gets every event exactly once and by rising serial, or is told what it does not get.
 */
export class EventHub<E> {
  readonly #deps: HubDeps<E>;
  readonly #readers = new Set<Reader>();
  readonly #lanes = new Lanes(LANES);
  readonly #slices: Slices;
  /** There while anybody listens. */
  #live: Live | undefined;
  #cancelRound: (() => void) | undefined;
  #joined = 0;

  constructor(deps: HubDeps<E>) {
    this.#deps = deps;
    this.#slices = new Slices(deps.clock);
  }

  /**
   * Serves a client until `signal` aborts.
   * @param seen what it calls its last id: without one it gets what happens from now on
   */
  join(sink: StreamSink, signal: AbortSignal, seen: string | undefined): void {
    if (signal.aborted) return;
    const { source, clock, log } = this.#deps;
    const { ring, epochs } = this.#wake();
    const newest = source.newest();
    const { serial, isForeign } =
      seen === undefined ? { serial: newest, isForeign: false } : seenBy(seen, epochs, newest);
    const reader = new Reader(
      {
        ring,
        clock,
        idOf: (upTo) => eventId(epochs, upTo),
        page: (serial) => this.#page(serial, signal),
        onEnd: (gap) => {
          if (gap !== undefined) log('info', 'event stream ended: its client is too slow', { ...gap });
          this.#leave(reader);
        },
      },
      { sink, serial, tellsGaps: seen !== undefined },
    );
    this.#readers.add(reader);
    signal.addEventListener('abort', () => this.#leave(reader), { once: true });
    sink.write(retryFrame(retryOf(this.#joined++)));
    if (isForeign) reader.pass(serial, 'other_store');
    reader.advance();
  }

  #leave(reader: Reader): void {
    reader.close();
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    this.#live?.unsubscribe();
    this.#live = undefined;
    this.#cancelRound?.();
    this.#cancelRound = undefined;
    this.#slices.cancel();
  }

  #wake(): Live {
    this.#endStale();
    this.#live ??= {
      ring: new Ring(this.#deps.source.newest()),
      epochs: this.#deps.source.epochs(),
      unsubscribe: this.#deps.source.subscribe((news) => this.#take(news)),
    };
    return this.#live;
  }

  #take(news: Numbered<E>): void {
    this.#endStale();
    const ring = this.#live?.ring;
    if (ring === undefined) return;
    ring.push(this.#encode(news));
    this.#cancelRound ??= this.#deps.clock.after(millis(0), () => this.#round(ring));
  }

  /** Ends the streams of an earlier numbering; whoever comes back is told by the id it names what that means for it. */
  #endStale(): void {
    if (this.#live === undefined || this.#live.epochs === this.#deps.source.epochs()) return;
    this.#deps.log('warn', 'event streams ended: the store has lost events, and numbers anew');
    for (const reader of this.#readers) reader.end();
  }

  /** Visits every reader once; again when more has happened meanwhile. */
  #round(ring: Ring): void {
    const { head } = ring;
    this.#slices.run({
      things: this.#readers,
      visit: (reader) => reader.advance(),
      done: () => {
        this.#cancelRound = undefined;
        if (ring.head > head) this.#cancelRound = this.#deps.clock.after(millis(0), () => this.#round(ring));
      },
    });
  }

  async #page(serial: number, signal: AbortSignal): Promise<readonly Frame[] | undefined> {
    const { source, clock, log } = this.#deps;
    try {
      const read = await this.#lanes.run(async () =>
        signal.aborted ? [] : within(clock, READ_LIMIT, source.after(serial, PAGE)),
      );
      this.#endStale();
      if (read !== LATE) return read.map((news) => this.#encode(news));
      log('error', 'events are not replayed: the store takes too long', { serial });
    } catch (thrown) {
      log('error', 'events are not replayed: the store cannot be read', { serial, cause: messageOf(thrown) });
    }
    return undefined;
  }

  #encode({ event, serial }: Numbered<E>): Frame {
    if (event === undefined) return { serial, bytes: UNSEEN };
    const data = this.#deps.show(event);
    const id = eventId(this.#deps.source.epochs(), serial);
    return { serial, bytes: eventFrame({ id, data }) };
  }
}

const UNSEEN = new Uint8Array();
