import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { FoundLine, SearchProgress } from '../query/found.ts';
import type { Counted } from '../query/tally.ts';
import type { Query } from '../query/tree.ts';

/** As much of an answer as was found in its time. */
export interface EventPage {
  /** In the order of the query. */
  readonly rows: readonly FoundLine[];
  /** With `count`; then there are no rows. */
  readonly counted?: Counted;
  /** False when the time was up first. */
  readonly complete: boolean;
  /** Cursor of what follows. */
  readonly next?: string;
  readonly progress: SearchProgress;
  /** Places where stored events could not be read. */
  readonly unreadable: number;
}

/**
 * `bad_query`: a pattern in it is no good. `busy`: so many searches are under way that another would only slow them down.
 * `failed`: what searches broke. `gone`: whoever asked does not want it any more.
 */
export type EventSearchRefusal = 'bad_query' | 'busy' | 'failed' | 'gone';

/** Searches the events that are kept, in bounded memory. */
export interface EventSearch {
  /** @param options.budget how long it may take; what is found by then is the answer */
  page(
    query: Query,
    options: { readonly budget: Millis; readonly signal: AbortSignal },
  ): Promise<Result<EventPage, EventSearchRefusal>>;
}
