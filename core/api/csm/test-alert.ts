import { Type } from 'typebox';
import { endpoint } from '../deps.ts';

export const testAlert = endpoint({
  name: 'testAlert',
  method: 'POST',
  path: '/api/v1/test-alert',
  scope: 'admin',
  summary: 'Send a test alert the way of all alerts: as a finding, on the event stream too',
  response: Type.Object({
    status: Type.Enum(['sent', 'error']),
    error: Type.Optional(
      Type.String({ description: 'Only when status is error: it was not kept, or a suppression hides it' }),
    ),
  }),
  errors: [],
  audit: { action: 'test_alert' },
  handler: async ({ deps, context }) => {
    const sent = await deps.appliance.testAlert(context.principal.name);
    return {
      ok: true,
      value: sent.ok ? { status: 'sent' as const } : { status: 'error' as const, error: sent.public },
    };
  },
});
