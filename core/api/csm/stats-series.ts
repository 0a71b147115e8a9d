import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import { endpoint } from '../deps.ts';
import { readCount } from './read-count.ts';
import { SeverityCounts, severityCounts } from './wire.ts';

const STANDARD_DAYS = 30;
const MOST_DAYS = 365;
const HOURS = 24;

export const statsTrend = endpoint({
  name: 'statsTrend',
  method: 'GET',
  path: '/api/v1/stats/trend',
  scope: 'read',
  summary: 'Findings by day of UTC and severity, oldest first, days without any too',
  query: Type.Object({
    days: Type.Optional(
      Type.String({ description: `Days: ${STANDARD_DAYS} unless given, 1 to ${MOST_DAYS}; today is the last` }),
    ),
  }),
  example: { query: { days: '30' } },
  response: Type.Array(Type.Object({ date: Type.String({ description: 'YYYY-MM-DD' }), ...SeverityCounts.properties })),
  errors: [],
  handler: async ({ deps, query }) => {
    const days = Math.max(1, readCount(query.days, STANDARD_DAYS, MOST_DAYS));
    const series = deps.stats.series('day', days);
    return {
      ok: true,
      value: series.map(({ start, rollup }) => ({
        date: rfc3339(start).slice(0, 'YYYY-MM-DD'.length),
        ...severityCounts(rollup.severities),
      })),
    };
  },
});

export const statsTimeline = endpoint({
  name: 'statsTimeline',
  method: 'GET',
  path: '/api/v1/stats/timeline',
  scope: 'read',
  summary: 'Findings of the last 24 hours by hour of UTC and severity, oldest first',
  response: Type.Array(Type.Object({ hour: Type.String({ description: 'e.g. 15:00' }), ...SeverityCounts.properties })),
  errors: [],
  handler: async ({ deps }) => ({
    ok: true,
    value: deps.stats.series('hour', HOURS).map(({ start, rollup }) => ({
      hour: rfc3339(start).slice('YYYY-MM-DDT'.length, 'YYYY-MM-DDThh:mm'.length),
      ...severityCounts(rollup.severities),
    })),
  }),
});
