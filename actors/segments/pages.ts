import type { EventPage, EventSearch, EventSearchRefusal } from '../../core/api/event-search.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { FoundLine } from '../../core/query/found.ts';
import type { Segments } from './segments.ts';

/** What a page may hold, roughly: eight at a time do not weigh on the daemon. */
const PAGE_BYTES = 4 << 20;

/** Searches of the events a page at a time, for whoever takes an answer as a whole. */
export const eventPages = (segments: Pick<Segments, 'search'>): EventSearch => ({
  page: async (query, { budget, signal }) => {
    try {
      return await gathered(segments.search(query, { budget, signal, pageBytes: PAGE_BYTES }));
    } catch (thrown) {
      if (signal.aborted) return fail('gone', 'the search was called off', thrown);
      throw thrown;
    }
  },
});

async function gathered(events: ReturnType<Segments['search']>): Promise<Result<EventPage, EventSearchRefusal>> {
  const rows: FoundLine[] = [];
  let unreadable = 0;
  for await (const event of events) {
    if (event.kind === 'rows') rows.push(...event.rows);
    else if (event.kind === 'damage') unreadable++;
    else if (event.kind === 'refused') return fail('bad_query', event.why);
    else if (event.kind === 'busy' || event.kind === 'failed') return fail(event.kind, event.why);
    else if (event.kind === 'end') {
      const { complete, next, counted, progress } = event;
      return ok({
        rows,
        complete,
        progress,
        unreadable,
        ...(next === undefined ? {} : { next }),
        ...(counted === undefined ? {} : { counted }),
      });
    }
  }
  return fail('failed', 'the search ended without an answer');
}
