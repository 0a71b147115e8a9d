import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, minutes } from '../../core/base/time.ts';
import type { Query } from '../../core/query/tree.ts';
import type { Service } from '../supervisor/index.ts';
import { tidy } from './keeper.ts';
import type { RetentionSettings } from './retention.ts';
import type { SearchEvent } from './search.ts';
import { Searches, type SearchFailure, type StartSearcher } from './searches.ts';
import type { DamagedPart } from './segment-reader.ts';
import type { VerifyEvent } from './verify.ts';

export interface SegmentsParts {
  /** Where the pipeline keeps the events. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked each time, so that a change counts at once. */
  readonly retention: () => RetentionSettings;
  readonly startSearcher: StartSearcher;
  /** Something stored cannot be read; told once for each place. For a finding. */
  readonly damaged?: (part: DamagedPart) => void;
}

export interface SearchSettings {
  readonly signal?: AbortSignal;
  readonly budget?: Millis;
  readonly pageBytes?: number;
}

const TIDY_EVERY: Millis = minutes(1);
/** Places of damage that are remembered, so as not to be told again. */
const MAX_KNOWN = 1000;

/**
 * The events that are kept: searching them on a thread of its own, dropping the oldest. The pipeline writes them.
 * The thread is started by the first search and let go when a minute passes without one.
 */
export class Segments implements Service {
  readonly id = 'segments';
  readonly #parts: SegmentsParts;
  readonly #searches: Searches;
  readonly #damages = new Map<string, DamagedPart>();
  #cancel: (() => void) | undefined;
  /** Odd while it runs: what an earlier run began goes on no further. */
  #run = 0;
  #searchesAtRest = 0;
  #trouble: string | undefined;
  #since: Millis;
  #held = { segments: 0, bytes: 0 };
  #dropped = 0;

  constructor(parts: SegmentsParts) {
    this.#parts = parts;
    this.#searches = new Searches(parts.startSearcher, { directory: parts.directory });
    this.#since = parts.clock.now();
  }

  async start(): Promise<void> {
    this.#run++;
    this.#since = this.#parts.clock.now();
    await this.#tidy(this.#run);
  }

  async stop(): Promise<void> {
    if (this.#run % 2 === 1) this.#run++;
    this.#cancel?.();
    await this.#searches.stop();
  }

  /**
   * What the events hold, as it is found: see `SearchEvent`. Leaving the loop cancels the search. Expected failures come
   * as the last event. @throws the signal's reason
   */
  async *search(
    query: Query,
    { signal, budget, pageBytes }: SearchSettings = {},
  ): AsyncGenerator<SearchEvent | SearchFailure, void> {
    for await (const event of this.#searches.run({ kind: 'search', query, budget, pageBytes }, signal)) {
      if (event.kind === 'damage') this.#note(event.part);
      if (event.kind !== 'segment') yield event;
    }
  }

  /** Reads everything and tells what is damaged, segment by segment. @throws the signal's reason */
  async *verify(signal?: AbortSignal): AsyncGenerator<VerifyEvent | SearchFailure, void> {
    for await (const event of this.#searches.run({ kind: 'verify' }, signal)) {
      if (event.kind === 'damage') this.#note(event.part);
      if (event.kind === 'damage' || event.kind === 'segment' || isFailure(event)) yield event;
    }
  }

  /** Also for damage that the writer met when it took the directory over. */
  note(part: DamagedPart): void {
    this.#note(part);
  }

  component(): Component {
    const [first] = this.#damages.values();
    const damage =
      first === undefined
        ? undefined
        : `${this.#damages.size} parts of the stored events cannot be read, the first in ${first.file}: ${first.why}`;
    const message = damage ?? this.#trouble;
    return {
      name: 'segments',
      state: message === undefined ? 'ok' : 'degraded',
      ...(message === undefined ? {} : { message }),
      since: this.#since,
      counters: {
        segments: this.#held.segments,
        bytes: this.#held.bytes,
        dropped: this.#dropped,
        searches: this.#searches.count,
        damaged: this.#damages.size,
      },
    };
  }

  async #tidy(run: number): Promise<void> {
    const { directory, retention, clock, log } = this.#parts;
    try {
      const { segments, bytes, dropped } = await tidy(directory, retention(), clock.now());
      this.#held = { segments, bytes };
      this.#dropped += dropped.length;
      this.#trouble = undefined;
      if (dropped.length > 0) log('info', 'old events dropped', { segments: dropped.length });
    } catch (thrown) {
      this.#trouble = `old events cannot be dropped: ${messageOf(thrown)}`;
      log('warn', 'old events cannot be dropped', { error: messageOf(thrown) });
    }
    if (this.#searchesAtRest === this.#searches.count) await this.#searches.rest();
    this.#searchesAtRest = this.#searches.count;
    if (run === this.#run) this.#cancel = this.#parts.clock.after(TIDY_EVERY, () => void this.#tidy(run));
  }

  #note(part: DamagedPart): void {
    const place = `${part.file} ${part.at}`;
    if (this.#damages.has(place) || this.#damages.size >= MAX_KNOWN) return;
    this.#damages.set(place, part);
    this.#parts.log('error', 'stored events are damaged', { ...part });
    this.#parts.damaged?.(part);
  }
}

const isFailure = (event: { readonly kind: string }): event is SearchFailure =>
  event.kind === 'busy' || event.kind === 'failed';
