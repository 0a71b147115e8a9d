import { Type } from 'typebox';
import type { Principal } from '../auth.ts';
import { endpoint } from '../deps.ts';

export const SessionState = Type.Object({
  authenticated: Type.Boolean(),
  name: Type.String(),
  kind: Type.String({ description: 'token | session | local | anonymous' }),
  scopes: Type.Array(Type.String()),
  csrf_token: Type.Optional(Type.String({ description: 'What a write by this cookie must carry' })),
  claimed: Type.Boolean(),
});

export const session = endpoint({
  name: 'session',
  method: 'GET',
  path: '/api/v1/session',
  scope: 'none',
  summary: 'Who is asking and what they may do; tells anybody whether the appliance is claimed',
  response: SessionState,
  errors: [],
  handler: async ({ deps, context }) => ({ ok: true, value: sessionOf(context.principal, deps.identity.claimed()) }),
});

const sessionOf = ({ kind, name, scopes, csrf }: Principal, claimed: boolean) => ({
  authenticated: kind !== 'anonymous',
  name,
  kind,
  scopes: [...scopes],
  ...(csrf === undefined ? {} : { csrf_token: csrf }),
  claimed,
});
