import { Type } from 'typebox';
import { endpoint } from '../deps.ts';
import { EXPOSITION_TYPE, exposition } from '../metrics/exposition.ts';
import { METRICS } from '../metrics/table.ts';

export const metrics = endpoint({
  name: 'metrics',
  method: 'GET',
  path: '/metrics',
  scope: 'metrics',
  summary: 'Metrics in the Prometheus text format; for the metrics token or an admin',
  response: Type.String(),
  transport: 'text',
  contentType: EXPOSITION_TYPE,
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: exposition(METRICS, await deps.meter.read()) }),
});
