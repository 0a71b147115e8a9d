import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { HistoryRow } from '../../incident/history.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { FILTER_PARAMETERS, readFilter } from './history-query.ts';

const MOST = 5000;

const Row = Type.Object({
  Timestamp: Type.String({ description: 'RFC 3339' }),
  Severity: Type.String({ description: 'WARNING, HIGH or CRITICAL' }),
  Check: Type.String(),
  Message: Type.String(),
  Details: Type.String(),
});

export const historyCsv = endpoint({
  name: 'historyCsv',
  method: 'GET',
  path: '/api/v1/history/csv',
  scope: 'admin',
  summary: `The newest ${MOST} findings as CSV, filtered like the history`,
  query: Type.Object(FILTER_PARAMETERS),
  response: Row,
  transport: 'csv',
  errors: ['bad_request'],
  handler: async ({ deps, query }) => {
    const filter = readFilter(query, deps.clock.now());
    if (!filter.ok) return refuse('bad_request', filter.public);
    return { ok: true, fileName: 'csm-history.csv', rows: rowsOf(deps.history.newest(filter.value, MOST)) };
  },
});

async function* rowsOf(findings: AsyncIterable<HistoryRow>) {
  for await (const { finding } of findings) {
    yield {
      Timestamp: rfc3339(finding.at),
      Severity: finding.severity.toUpperCase(),
      Check: finding.check,
      Message: finding.message,
      Details: finding.details ?? '',
    };
  }
}
