import { Type } from 'typebox';
import { endpoint } from '../deps.ts';
import { startedAtToken } from './status.ts';

export const settingsRestart = endpoint({
  name: 'settingsRestart',
  method: 'POST',
  path: '/api/v1/settings/restart',
  scope: 'admin',
  summary: 'Start Bartizan anew a quarter of a second after the answer',
  status: 202,
  response: Type.Object({
    status: Type.Literal('restart issued'),
    started_at_token: Type.String({
      description: 'Of this run; in /api/v1/status it is another once the new one runs',
    }),
  }),
  errors: [],
  audit: { action: 'restart' },
  handler: async ({ deps }) => {
    const token = startedAtToken(await deps.appliance.facts());
    deps.settings.restart();
    return { ok: true, value: { status: 'restart issued' as const, started_at_token: token } };
  },
});
