import { Type } from 'typebox';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';

export const dismiss = endpoint({
  name: 'dismiss',
  method: 'POST',
  path: '/api/v1/dismiss',
  scope: 'admin',
  summary: 'Take a finding out of view until it happens again; one that is not there is no error',
  body: Type.Object({
    key: Type.String({ minLength: 1, maxLength: 4096, description: "A finding's id, or check:message" }),
  }),
  example: { body: { key: 'ssh_bruteforce:5 failed logins from 192.0.2.9 in 60 s' } },
  response: Type.Object({ status: Type.Literal('dismissed'), key: Type.String() }),
  errors: ['internal'],
  audit: { action: 'dismiss', target: 'key' },
  handler: async ({ deps, body: { key }, context }) => {
    const dismissed = await deps.dispositions.dismiss(key, context.principal.name);
    return dismissed.ok
      ? { ok: true, value: { status: 'dismissed' as const, key } }
      : refuse('internal', dismissed.public, dismissed.cause);
  },
});
