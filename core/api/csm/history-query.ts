import { type Static, Type } from 'typebox';
import { fail, ok, type Result } from '../../base/result.ts';
import { days, type Millis, millis, plus } from '../../base/time.ts';
import { SEVERITIES } from '../../detect/finding.ts';
import { compileFilter } from '../../query/evaluate.ts';
import { allOf, type HistoryFilter, mentions } from '../../query/finding-history.ts';
import { parseConditions } from '../../query/parse.ts';
import { FINDING_FIELDS } from '../../query/record-fields.ts';
import type { Node } from '../../query/tree.ts';

const DATE = 'YYYY-MM-DD in UTC, or RFC 3339';

/** What a history is narrowed down by; an empty value is none. */
export const FILTER_PARAMETERS = {
  from: Type.Optional(Type.String({ description: `${DATE}: not before` })),
  to: Type.Optional(Type.String({ description: `${DATE}: up to and with this day or moment` })),
  severity: Type.Optional(Type.String({ description: '0 warning, 1 high, 2 critical' })),
  search: Type.Optional(Type.String({ maxLength: 256, description: 'Part of message, details, check or subject' })),
  query: Type.Optional(
    Type.String({ maxLength: 512, description: 'Own: conditions on the fields of findings, see docs/search.md' }),
  ),
  checks: Type.Optional(Type.String({ maxLength: 4096, description: 'Names of checks, separated by commas' })),
  suppressed: Type.Optional(Type.String({ description: 'include or only: show suppressed findings too, or alone' })),
};

const Filter = Type.Object(FILTER_PARAMETERS);

type Asked = Static<typeof Filter>;

/** Reads the filter of a query. What is wrong is refused, rather than answered with what was not asked for. */
export function readFilter(asked: Asked, now: Millis): Result<HistoryFilter, 'bad_filter'> {
  const from = readMoment('from', asked.from);
  if (!from.ok) return from;
  const to = readMoment('to', asked.to);
  if (!to.ok) return to;
  const suppressed = asked.suppressed || undefined;
  if (suppressed !== undefined && suppressed !== 'include' && suppressed !== 'only') {
    return fail('bad_filter', 'suppressed must be include or only');
  }
  const where = readWhere(asked, now);
  if (!where.ok) return where;
  return ok({
    ...(where.value === undefined ? {} : { where: where.value }),
    ...(from.value === undefined ? {} : { from: from.value.start }),
    ...(to.value === undefined ? {} : { to: to.value.end }),
    ...(suppressed === undefined ? {} : { suppressed }),
  });
}

/** Every parameter that is a condition, as one tree. */
function readWhere({ severity, search, checks, query }: Asked, now: Millis): Result<Node | undefined, 'bad_filter'> {
  const level = severity ? SEVERITIES[Number(severity)] : undefined;
  if (severity && level === undefined) return fail('bad_filter', 'severity must be 0, 1 or 2');
  const names = (checks ?? '').split(',').map((name) => name.trim());
  const parsed = query ? readQuery(query, now) : ok<Node>({ op: 'all' });
  if (!parsed.ok) return parsed;
  return ok(
    allOf([
      ...(level === undefined ? [] : [{ op: 'eq', field: 'severity', value: level } as const]),
      ...(checks ? [{ op: 'in', field: 'check', values: names, cased: true } as const] : []),
      ...(search ? [mentions(search)] : []),
      ...(parsed.value.op === 'all' ? [] : [parsed.value]),
    ]),
  );
}

function readQuery(text: string, now: Millis): Result<Node, 'bad_filter'> {
  const where = parseConditions(text, { catalogue: FINDING_FIELDS, now });
  if (!where.ok) return fail('bad_filter', `query: ${where.public}`);
  const filter = compileFilter({ where: where.value }, FINDING_FIELDS);
  return filter.ok ? where : fail('bad_filter', `query: ${filter.public}`);
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** A day, or a moment, from its first to behind its last millisecond. */
function readMoment(
  name: string,
  text: string | undefined,
): Result<{ readonly start: Millis; readonly end: Millis } | undefined, 'bad_filter'> {
  if (text === undefined || text === '') return ok(undefined);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = isDay || MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return fail('bad_filter', `${name} must be a date, ${DATE}`);
  return ok({ start: millis(at), end: isDay ? plus(millis(at), days(1)) : millis(at + 1) });
}
