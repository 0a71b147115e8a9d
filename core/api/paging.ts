import { type TOptional, type TString, Type } from 'typebox';
import { fail, ok, type Result } from '../base/result.ts';

interface Counts {
  /** Rows of a page that does not say how many. */
  readonly standard: number;
  /** Rows of a page at most; a larger number is read as this one. */
  readonly most: number;
  /** What is no number, or none that can be: read as if nothing were given, or refused. */
  readonly bad: 'standard' | 'refuse';
}

/**
 * How a dialect asks for a page of a list, under which names. By number: so many rows behind so many. By cursor: rows
 * behind the one that the last page ended with.
 */
export type Paging = NumberPaging | CursorPaging;

export interface NumberPaging extends Counts {
  readonly style: 'number';
  readonly limit: string;
  /** `offset`, `skip`, `start`. */
  readonly offset: string;
}

export interface CursorPaging extends Counts {
  readonly style: 'cursor';
  readonly cursor: string;
  /** Without it every page has the standard size. */
  readonly limit?: string;
}

export interface NumberPage {
  readonly limit: number;
  readonly offset: number;
}

export interface CursorPage {
  readonly limit: number;
  /** As the page before gave it; absent for the first page. */
  readonly cursor?: string;
}

/** Names of a style's parameters. */
type NamesOf<P extends Paging> = P extends NumberPaging
  ? P['limit'] | P['offset']
  : P extends CursorPaging
    ? P['cursor'] | (P['limit'] & string)
    : never;
type Parameters<P extends Paging> = Readonly<Record<NamesOf<P>, TOptional<TString>>>;
type Query = Readonly<Record<string, unknown>>;

const FURTHEST_OFFSET = 1_000_000_000;
const LONGEST_CURSOR = 64;

/** Query parameters for a list. */
export const pageParameters = <P extends Paging>(paging: P): Parameters<P> => parametersOf(paging) as Parameters<P>;

function parametersOf(paging: Paging): Readonly<Record<string, TOptional<TString>>> {
  const { limit, standard, most } = paging;
  const rows = Type.Optional(Type.String({ description: `Rows: ${standard} unless given, at most ${most}` }));
  if (paging.style === 'cursor') {
    const description = `The next_${paging.cursor} of the page before`;
    const behind = Type.Optional(Type.String({ maxLength: LONGEST_CURSOR, description }));
    return { ...(limit === undefined ? {} : { [limit]: rows }), [paging.cursor]: behind };
  }
  return {
    [paging.limit]: rows,
    [paging.offset]: Type.Optional(Type.String({ description: 'Rows to pass over' })),
  };
}

/** Which page a query asks for. */
export function readPage(paging: CursorPaging, query: Query): Result<CursorPage, 'bad_page'>;
export function readPage(paging: NumberPaging, query: Query): Result<NumberPage, 'bad_page'>;
export function readPage(paging: Paging, query: Query): Result<NumberPage | CursorPage, 'bad_page'> {
  const { standard, most, bad } = paging;
  const limit = readNumber(query, { name: paging.limit, least: 1, standard, most, bad });
  if (!limit.ok) return limit;
  if (paging.style === 'cursor') {
    const cursor = query[paging.cursor];
    return ok({ limit: limit.value, ...(typeof cursor === 'string' ? { cursor } : {}) });
  }
  const offset = readNumber(query, { name: paging.offset, least: 0, standard: 0, most: FURTHEST_OFFSET, bad });
  return offset.ok ? ok({ limit: limit.value, offset: offset.value }) : offset;
}

interface NumberRule extends Counts {
  readonly name: string | undefined;
  readonly least: number;
}

function readNumber(query: Query, { name, least, standard, most, bad }: NumberRule): Result<number, 'bad_page'> {
  const text = name === undefined ? undefined : query[name];
  if (text === undefined) return ok(standard);
  const count = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least) return ok(Math.min(most, count));
  return bad === 'standard' ? ok(standard) : fail('bad_page', `${name} must be a whole number, ${least} or more`);
}
