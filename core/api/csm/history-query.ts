import { type Static, Type } from 'typebox';
import { fail, ok, type Result } from '../../base/result.ts';
import { days, type Millis, millis, plus } from '../../base/time.ts';
import { SEVERITIES } from '../../detect/finding.ts';
import type { HistoryFilter } from '../../incident/history.ts';

const DATE = 'YYYY-MM-DD in UTC, or RFC 3339';

/** What a history is narrowed down by; an empty value is none. */
export const FILTER_PARAMETERS = {
  from: Type.Optional(Type.String({ description: `${DATE}: not before` })),
  to: Type.Optional(Type.String({ description: `${DATE}: up to and with this day or moment` })),
  severity: Type.Optional(Type.String({ description: '0 warning, 1 high, 2 critical' })),
  search: Type.Optional(Type.String({ maxLength: 256, description: 'Part of message, details, check or subject' })),
  checks: Type.Optional(Type.String({ maxLength: 4096, description: 'Names of checks, separated by commas' })),
  suppressed: Type.Optional(Type.String({ description: 'include or only: show suppressed findings too, or alone' })),
};

const Filter = Type.Object(FILTER_PARAMETERS);

/** Reads the filter of a query. What is wrong is refused, rather than answered with what was not asked for. */
export function readFilter(query: Static<typeof Filter>): Result<HistoryFilter, 'bad_filter'> {
  const from = readMoment('from', query.from);
  if (!from.ok) return from;
  const to = readMoment('to', query.to);
  if (!to.ok) return to;
  const severity = query.severity ? SEVERITIES[Number(query.severity)] : undefined;
  if (query.severity && severity === undefined) return fail('bad_filter', 'severity must be 0, 1 or 2');
  const suppressed = query.suppressed || undefined;
  if (suppressed !== undefined && suppressed !== 'include' && suppressed !== 'only') {
    return fail('bad_filter', 'suppressed must be include or only');
  }
  return ok({
    ...(from.value === undefined ? {} : { from: from.value.start }),
    ...(to.value === undefined ? {} : { until: to.value.end }),
    ...(severity === undefined ? {} : { severity }),
    ...(query.search ? { search: query.search } : {}),
    ...(query.checks ? { checks: query.checks.split(',').map((name) => name.trim()) } : {}),
    ...(suppressed === undefined ? {} : { suppressed }),
  });
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
