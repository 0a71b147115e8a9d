import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import type { StreamItem, StreamName } from '../../core/link/stream.ts';
import type { Outbox } from './outbox.ts';

/** One of the appliance's own records as an item. */
export interface SourceItem {
  readonly serial: number;
  readonly at: Millis;
  readonly item: StreamItem;
}

/** Records that the appliance keeps in any case, by their serials from 1. */
export interface StreamSource {
  readonly stream: StreamName;
  /** Serial of the newest that is kept; 0: none. */
  newest(): number;
  /** Those behind a serial, lowest first. Rejects when they cannot be read. */
  after(serial: number, limit: number): Promise<readonly SourceItem[]>;
  /** Serial behind which the store has begun to number anew since this was last asked; none, where it has not. */
  renumbered(): number | undefined;
}

/** Read at once; encoding them takes a few milliseconds. */
const PAGE = 512;
const LOOK_EVERY: Millis = seconds(1);
const TRY_AGAIN: Millis = seconds(10);

/** Takes the appliance's own records into the outbox, in order, as they come. */
export class Feed {
  readonly #source: StreamSource;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Log;
  #isRunning = false;
  #pulling: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  /** What comes from here on comes as it is made: it has waited since now, whatever moment its log names. */
  #isLive = false;

  constructor(source: StreamSource, { outbox, clock, log }: { outbox: Outbox; clock: Clock; log: Log }) {
    this.#source = source;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#isRunning = true;
    this.#source.renumbered();
    this.poke();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    await this.#pulling;
  }

  /** There may be something new. */
  poke(): void {
    if (!this.#isRunning || this.#pulling !== undefined) return;
    this.#cancel?.();
    let next = LOOK_EVERY;
    this.#pulling = this.#pull()
      .catch((cause: unknown) => {
        next = TRY_AGAIN;
        this.#log('warn', 'records for the controller cannot be read; tried again', {
          stream: this.#source.stream,
          error: messageOf(cause),
        });
      })
      .finally(() => {
        this.#pulling = undefined;
        if (this.#isRunning) this.#cancel = this.#clock.after(next, () => this.poke());
      });
  }

  async #pull(): Promise<void> {
    const { stream } = this.#source;
    while (this.#isRunning) {
      const rewound = this.#source.renumbered();
      const newest = this.#source.newest();
      if (rewound !== undefined && rewound < this.#outbox.taken(stream)) this.#outbox.renumber(stream, rewound);
      // Fewer than were taken: the store has lost some, and what comes next has their numbers.
      else if (newest < this.#outbox.taken(stream)) this.#outbox.renumber(stream, newest);
      if (newest <= this.#outbox.taken(stream)) {
        this.#isLive = true;
        return;
      }
      const rows = await this.#source.after(this.#outbox.taken(stream), PAGE);
      if (rows.length === 0) return;
      for (const { serial, at, item } of rows) {
        const missing = serial - this.#outbox.taken(stream) - 1;
        if (missing > 0) {
          this.#outbox.skip(stream, { count: missing, reason: 'lost', oldestAt: millis(0), newestAt: millis(0) });
        }
        this.#outbox.add(stream, item, this.#isLive ? this.#clock.now() : at);
      }
      await this.#outbox.settled();
    }
  }
}
