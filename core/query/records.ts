import { ok, type Result } from '../base/result.ts';
import { type Catalogue, fieldNamed } from './catalogue.ts';
import { parseCursor } from './cursor.ts';
import { compileFilter, type RegexEngine } from './evaluate.ts';
import { Page } from './page.ts';
import { type Counted, Tally } from './tally.ts';
import type { Query, Value } from './tree.ts';

/** A record and the number that is its own among those of the same moment, e.g. its serial. */
export type Numbered<R> = readonly [serial: number, record: R];

export interface Found<R> {
  readonly rows: readonly R[];
  /** Cursor of the next page. */
  readonly next?: string;
  /** With `count`; then there are no rows. */
  readonly counted?: Counted;
}

/** Rows of a page of records are small: they are bounded by their number. */
const NO_BOUND = Number.POSITIVE_INFINITY;

/** A whole search over records at hand, e.g. of the store. */
export async function searchRecords<R>(
  records: AsyncIterable<Numbered<R>> | Iterable<Numbered<R>>,
  query: Query,
  catalogue: Catalogue<R>,
  regex?: RegexEngine,
): Promise<Result<Found<R>, 'bad_regex'>> {
  const filter = compileFilter(query, catalogue, regex);
  if (!filter.ok) return filter;
  const [moment] = catalogue.fields;
  const page = new Page<R>(query, query.after === undefined ? undefined : parseCursor(query.after), NO_BOUND);
  const tally = query.count === undefined ? undefined : new Tally(query.count);
  for await (const [serial, record] of records) {
    const at = moment?.of(record);
    if (typeof at !== 'number' || !filter.value(record)) continue;
    const key = { at, major: serial, minor: 0 };
    if (tally !== undefined) tally.add(at, valuesOf(record, query.count?.by ?? [], catalogue));
    else if (page.wants(key)) page.add(key, record, 0);
  }
  if (tally !== undefined) return ok({ rows: [], counted: tally.result() });
  const rows = page.settled();
  const next = page.next();
  return ok({ rows, ...(next === undefined ? {} : { next }) });
}

/** The values of fields, in their order. */
export const valuesOf = <R>(record: R, names: readonly string[], catalogue: Catalogue<R>): (Value | undefined)[] =>
  names.map((name) => fieldNamed(catalogue, name)?.of(record));
