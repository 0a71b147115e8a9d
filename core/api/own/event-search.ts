import { type Static, Type } from 'typebox';
import { fail, ok, type Result } from '../../base/result.ts';
import { type Millis, millis, rfc3339, seconds } from '../../base/time.ts';
import { fieldNamed } from '../../query/catalogue.ts';
import { parseCursor } from '../../query/cursor.ts';
import { EVENT_FIELDS } from '../../query/event-fields.ts';
import type { FoundLine } from '../../query/found.ts';
import { parseMoment } from '../../query/moment.ts';
import { parseQuery } from '../../query/parse.ts';
import { valuesOf } from '../../query/records.ts';
import type { Counted } from '../../query/tally.ts';
import type { Query } from '../../query/tree.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { EventPage, EventSearchRefusal } from '../event-search.ts';
import { mapped } from '../mapped.ts';
import { pageParameters, readPage } from '../paging.ts';
import type { ErrorCode } from '../problem.ts';
import { EVENT_PAGING } from '../surface.ts';

/** Seconds; less than any handler may take. */
const LONGEST = 25;
const USUAL = 5;

/** Groups of a count; the largest are shown. */
const MOST_GROUPS = 1000;

const Value = Type.Union([Type.String(), Type.Number()]);
const Values = Type.Record(Type.String(), Value, { description: 'By the names that docs/search.md lists' });

const FoundEvent = Type.Object({
  id: Type.String({ description: 'Its own for good' }),
  at: Type.String({ description: 'RFC 3339' }),
  message: Type.String({ description: 'As it stands in the line; empty where the query leaves it out' }),
  fields: Values,
});

const Counts = Type.Object({
  rows: Type.Array(
    Type.Object({
      from: Type.Optional(Type.String({ description: 'RFC 3339: where its time bucket begins' })),
      values: Values,
      count: Type.Integer(),
    }),
  ),
  total: Type.Integer({ description: `Events counted, those of groups beyond the largest ${MOST_GROUPS} too` }),
  ungrouped: Type.Integer({ description: 'Of these, in groups too many to tell apart' }),
});

const Progress = Type.Object({
  blocks: Type.Integer({ description: 'Blocks of the time asked for' }),
  done: Type.Integer({ description: 'Of these read, or passed over because of what their header says' }),
  read: Type.Integer(),
  rows: Type.Integer({ description: 'Events looked at' }),
  matched: Type.Integer({ description: 'Of these that match' }),
  reached: Type.Optional(Type.String({ description: 'RFC 3339; when not complete: so far everything was seen' })),
});

export const FoundEvents = Type.Object({
  events: Type.Array(FoundEvent),
  next_after: Type.Optional(Type.String({ description: 'There while more may follow' })),
  complete: Type.Boolean({ description: 'False when the time was up before the page was full' }),
  counted: Type.Optional(Counts),
  searched: Progress,
  unreadable: Type.Integer({ description: 'Places where stored events could not be read; see the components' }),
});

const Parameters = Type.Object({
  q: Type.Optional(
    Type.String({ maxLength: 4096, description: 'The query, see docs/search.md; everything unless given' }),
  ),
  since: Type.Optional(Type.String({ maxLength: 64, description: '24h, 7d, 2026-11-20 or RFC 3339: not before' })),
  until: Type.Optional(Type.String({ maxLength: 64, description: 'The same: before' })),
  within: Type.Optional(
    Type.String({ maxLength: 8, description: `Seconds that it may take: ${USUAL} unless given, at most ${LONGEST}` }),
  ),
  ...pageParameters(EVENT_PAGING),
});

const REFUSALS: Readonly<Record<EventSearchRefusal, ErrorCode>> = {
  bad_query: 'bad_request',
  busy: 'unavailable',
  failed: 'unavailable',
  gone: 'unavailable',
};

export const eventSearch = endpoint({
  name: 'eventSearch',
  method: 'GET',
  path: '/api/v1/events/search',
  scope: 'admin',
  summary: 'Search the kept events; what is found within the time is the answer, and next_after goes on',
  query: Parameters,
  example: { query: { q: 'outcome = failure', since: '1d', limit: '20' } },
  response: FoundEvents,
  errors: ['bad_request', 'unavailable'],
  handler: async ({ deps, query: asked, context: { signal, breathe } }) => {
    const query = readSearch(asked, deps.clock.now());
    if (!query.ok) return refuse('bad_request', query.public);
    const budget = readBudget(asked.within);
    if (!budget.ok) return refuse('bad_request', budget.public);
    const found = await deps.eventSearch.page(query.value, { budget: budget.value, signal });
    if (!found.ok) return refuse(REFUSALS[found.code], found.public);
    const { rows, ...page } = found.value;
    const events = await mapped(rows, (row) => shown(row, query.value.fields), breathe);
    return { ok: true, value: { events, ...about(page, query.value) } };
  },
});

type Asked = Static<typeof Parameters>;

/** The query's text and the parameters beside it. What is said in both is refused: which of the two was meant? */
function readSearch(asked: Asked, now: Millis): Result<Query, 'bad_search'> {
  const query = parseQuery(asked.q ?? '', { catalogue: EVENT_FIELDS, now });
  if (!query.ok) return fail('bad_search', `q: ${query.public}`);
  const page = readPage(EVENT_PAGING, asked);
  if (!page.ok) return fail('bad_search', page.public);
  const { limit, cursor } = page.value;
  const { value } = query;
  const from = readMoment('since', asked.since, now);
  if (!from.ok) return from;
  const to = readMoment('until', asked.until, now);
  if (!to.ok) return to;
  const beside = { ...from.value, ...to.value, ...(cursor ? { after: cursor } : {}) };
  const twice = Object.keys(beside).find((name) => name in value);
  if (twice !== undefined) return fail('bad_search', `${CLAUSES[twice] ?? twice} is in the query and beside it`);
  const rows = asked.limit === undefined ? Math.min(EVENT_PAGING.most, value.limit) : limit;
  if (cursor && parseCursor(cursor) === undefined)
    return fail('bad_search', 'after must be the next_after of the page before');
  const count = value.count && { ...value.count, top: Math.min(MOST_GROUPS, value.count.top ?? MOST_GROUPS) };
  return ok({ ...value, ...beside, limit: rows, ...(count === undefined ? {} : { count }) });
}

const CLAUSES: Readonly<Record<string, string>> = { from: 'since', to: 'until' };

function readMoment(
  name: 'since' | 'until',
  text: string | undefined,
  now: Millis,
): Result<{ readonly from?: Millis; readonly to?: Millis }, 'bad_search'> {
  if (text === undefined || text === '') return ok({});
  const at = parseMoment(text, now);
  if (at === undefined) return fail('bad_search', `${name} must be a time: 24h, 7d, 2026-11-20 or RFC 3339`);
  return ok(name === 'since' ? { from: at } : { to: at });
}

function readBudget(within: string | undefined): Result<Millis, 'bad_within'> {
  if (within === undefined || within === '') return ok(seconds(USUAL));
  const length = /^\d{1,2}$/.test(within) ? Number(within) : 0;
  if (length < 1) return fail('bad_within', 'within must be a number of seconds, 1 or more');
  return ok(seconds(Math.min(LONGEST, length)));
}

/** All the fields that it has, or those asked for; time and message have places of their own. */
function shown({ id, line }: FoundLine, asked?: readonly string[]): Static<typeof FoundEvent> {
  const names = asked ?? [...EVENT_FIELDS.fields.map(({ name }) => name), ...declaredNames(line)];
  const values = valuesOf(line, names, EVENT_FIELDS);
  const fields: Record<string, string | number> = {};
  for (const [i, name] of names.entries()) {
    const value = values[i];
    if (value !== undefined && name !== 'at' && name !== 'message') fields[name] = value;
  }
  const hasMessage = asked === undefined || asked.includes('message');
  return { id, at: rfc3339(line.at), message: hasMessage ? line.message : '', fields };
}

const declaredNames = (line: FoundLine['line']): readonly string[] =>
  'fields' in line ? Object.keys(line.fields ?? {}).map((name) => `fields.${name}`) : [];

function about({ next, complete, counted, progress, unreadable }: Omit<EventPage, 'rows'>, { count }: Query) {
  const { reached, ...searched } = progress;
  return {
    ...(next === undefined ? {} : { next_after: next }),
    complete,
    ...(counted === undefined ? {} : { counted: countsOf(counted, count?.by ?? []) }),
    searched: { ...searched, ...(reached === undefined ? {} : { reached: rfc3339(reached) }) },
    unreadable,
  };
}

const countsOf = ({ rows, total, ungrouped }: Counted, by: readonly string[]): Static<typeof Counts> => ({
  rows: rows.map(({ at, values, count }) => ({
    ...(at === undefined ? {} : { from: rfc3339(millis(at)) }),
    values: Object.fromEntries(
      by.flatMap((name, i) => {
        const value = values[i];
        if (value === undefined) return [];
        const isTime = fieldNamed(EVENT_FIELDS, name)?.kind === 'time';
        return [[name, isTime ? rfc3339(millis(Number(value))) : value]];
      }),
    ),
    count,
  })),
  total,
  ungrouped,
});
