import { Type } from 'typebox';
import type { HistoryRow } from '../../incident/history.ts';
import { isPlain } from '../../query/finding-history.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { mapped } from '../mapped.ts';
import { pageParameters, readPage } from '../paging.ts';
import { CSM_PAGING } from '../surface.ts';
import { FindingEvent, findingEvent } from './events.ts';
import { FILTER_PARAMETERS, readFilter } from './history-query.ts';

export const history = endpoint({
  name: 'history',
  method: 'GET',
  path: '/api/v1/history',
  scope: 'read',
  summary: 'Findings on record, newest first, a page at a time; filters look at the newest 100,000',
  query: Type.Object({
    ...pageParameters(CSM_PAGING),
    ...FILTER_PARAMETERS,
  }),
  example: { query: { limit: '20', offset: '0' } },
  response: Type.Object({
    findings: Type.Array(
      Type.Object({
        ...FindingEvent.properties,
        ip: Type.Optional(Type.String()),
        serial: Type.Integer(),
        suppressed_by: Type.Optional(Type.String({ description: 'Id of the suppression that hides it' })),
      }),
    ),
    total: Type.Integer({ minimum: 0, description: 'Rows that match' }),
    limit: Type.Integer({ minimum: 0 }),
    offset: Type.Integer({ minimum: 0 }),
    truncated: Type.Optional(Type.Boolean({ description: 'With a filter: there is more that was not looked at' })),
  }),
  heavy: true,
  errors: ['bad_request'],
  handler: async ({ deps, query, context: { breathe } }) => {
    const filter = readFilter(query, deps.clock.now());
    if (!filter.ok) return refuse('bad_request', filter.public);
    const page = readPage(CSM_PAGING, query);
    if (!page.ok) return refuse('bad_request', page.public);
    const { limit, offset } = page.value;
    const { rows, total, truncated } = await deps.history.page(filter.value, { limit, offset });
    const narrowed = !isPlain(filter.value) || filter.value.suppressed !== undefined;
    return {
      ok: true,
      value: { findings: await mapped(rows, rowOf, breathe), total, limit, offset, ...(narrowed ? { truncated } : {}) },
    };
  },
});

const rowOf = ({ finding, serial, suppressedBy }: HistoryRow) => ({
  ...findingEvent(finding),
  ...(finding.subject.kind === 'ip' ? { ip: finding.subject.value } : {}),
  serial,
  ...(suppressedBy === undefined ? {} : { suppressed_by: suppressedBy }),
});
