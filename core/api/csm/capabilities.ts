import { Type } from 'typebox';
import { endpoint } from '../deps.ts';

/** What orchestrators may count on; a name is added with the feature, never before it. */
export const CAPABILITIES = [
  'events.sse.v1',
  'webui.undo.v1',
  'detect.http_scanner_profile.v1',
  'bartizan.events.search.v1',
  'bartizan.history.v1',
  'bartizan.stats.v1',
  'bartizan.suppressions.v1',
  'bartizan.firewall.v1',
  'bartizan.audit.v1',
  'bartizan.blobs.v1',
  'bartizan.claim.v1',
  'bartizan.mode.v1',
  'bartizan.tokens.v1',
  'bartizan.sessions.v1',
  'bartizan.components.v1',
  'bartizan.metrics.v1',
  'bartizan.openapi.v1',
  'bartizan.settings.v1',
  'bartizan.changes.v1',
  'bartizan.pending_blocks.v1',
  'bartizan.firewall_counters.v1',
  'bartizan.lists.v1',
  'bartizan.hand.v1',
] as const;

export const capabilities = endpoint({
  name: 'capabilities',
  method: 'GET',
  path: '/api/v1/capabilities',
  scope: 'read',
  summary: 'Names of the features that a client may count on',
  response: Type.Object({ capabilities: Type.Array(Type.String()), version: Type.String() }),
  errors: [],
  handler: async ({ deps }) => {
    const { version } = await deps.appliance.facts();
    return { ok: true, value: { capabilities: [...CAPABILITIES], version } };
  },
});
