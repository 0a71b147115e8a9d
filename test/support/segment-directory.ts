import { join } from 'node:path';
import { after } from 'node:test';
import { type SearchEvent, SegmentWriter, searchSegments, segmentDisk } from '../../actors/segments/index.ts';
import type { SearchOptions } from '../../actors/segments/search.ts';
import type { WriterLimits } from '../../actors/segments/writer.ts';
import type { Ip } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import type { Event } from '../../core/event/event.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { parseQuery } from '../../core/query/parse.ts';
import type { Query } from '../../core/query/tree.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { temporary } from './store-directory.ts';

export const FIRST = Date.UTC(2026, 10, 1);
export const SMALL: WriterLimits = { rows: 16, blocks: 4, tailBlocks: 8, pending: 16 << 20 };

/** Line `n` of a log with a line a second. */
export const failure = (n: number): Event => ({
  at: millis(FIRST + n * 1000),
  position: { source: 'log', offset: n * 100 },
  provenance: 'file',
  category: 'authentication',
  action: 'ssh_failed_password',
  outcome: 'failure',
  user: n % 7 === 0 ? 'root' : `user${n % 3}`,
  sourceIp: `203.0.113.${n % 50}` as Ip,
  sourcePort: 1024 + n,
  message: `Failed password number ${n} from 203.0.113.${n % 50}`,
});

/** A writer over a new directory; `limits` small so that few lines make several segments. */
export async function writing(parts: { readonly limits?: WriterLimits; readonly directory?: string } = {}) {
  const directory = parts.directory ?? join(await temporary(), 'segments');
  const clock = new SimulatedClock(FIRST);
  const writer = new SegmentWriter({ disk: segmentDisk(directory), clock, limits: parts.limits ?? SMALL });
  await writer.open(undefined);
  after(() => writer.close());
  return {
    directory,
    clock,
    writer,
    keep: async (lines: Iterable<KeptLine>) => {
      for (const line of lines) writer.keep(line);
      return writer.mark();
    },
  };
}

export const failures = (count: number, from = 0): Event[] =>
  Array.from({ length: count }, (_, i) => failure(from + i));

export function queryOf(text: string): Query {
  const query = parseQuery(text, { catalogue: EVENT_FIELDS, now: millis(FIRST) });
  if (!query.ok) throw new Error(query.public);
  return query.value;
}

export interface Answer {
  readonly numbers: readonly number[];
  readonly events: readonly SearchEvent[];
  readonly end: Extract<SearchEvent, { kind: 'end' }>;
}

/** Runs a search to its end; `numbers` are those of `failure`. */
export async function answer(directory: string, query: string | Query, options?: SearchOptions): Promise<Answer> {
  return gather(searchSegments(directory, typeof query === 'string' ? queryOf(query) : query, options));
}

export async function gather(search: AsyncIterable<{ readonly kind: string }>): Promise<Answer> {
  const events: SearchEvent[] = [];
  for await (const event of search) events.push(event as SearchEvent);
  const end = events.at(-1);
  if (end?.kind !== 'end') throw new Error(`the search ended in ${JSON.stringify(end)}`);
  const rows = events.flatMap((event) => (event.kind === 'rows' ? event.rows : []));
  return { events, end, numbers: rows.map(({ line }) => line.position.offset / 100) };
}
