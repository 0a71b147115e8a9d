import { Type } from 'typebox';
import type { Result } from '../../base/result.ts';
import { sessionCookie } from '../cookie.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { ClaimRefusal, Session } from '../identity.ts';
import type { ErrorCode } from '../problem.ts';

const REFUSALS: Readonly<Record<ClaimRefusal, ErrorCode>> = {
  wrong: 'unauthorized',
  expired: 'gone',
  exhausted: 'gone',
  already_claimed: 'conflict',
  failed: 'unavailable',
};

export const Claimed = Type.Object({
  token: Type.String({ description: 'The admin token; it is not shown again' }),
  csrf_token: Type.String(),
  name: Type.String(),
});

export const claim = endpoint({
  name: 'claim',
  method: 'POST',
  path: '/api/v1/claim',
  scope: 'none',
  summary: 'Take possession with the one-time code: makes the first admin token and a session',
  body: Type.Object({ code: Type.String({ minLength: 1, maxLength: 128 }) }),
  response: Claimed,
  csrf: false,
  rate: 'login',
  errors: ['unauthorized', 'conflict', 'gone', 'unavailable'],
  audit: { action: 'claim', target: 'name' },
  handler: async ({ deps, body, context }) => replyTo(await deps.identity.claim(body.code, context.peer)),
});

function replyTo(claimed: Result<Session, ClaimRefusal>) {
  if (!claimed.ok) return refuse(REFUSALS[claimed.code], claimed.public, claimed.cause);
  const { token = '', csrf, principal } = claimed.value;
  const headers = { 'set-cookie': sessionCookie(claimed.value) };
  return { ok: true as const, value: { token, csrf_token: csrf, name: principal.name }, headers };
}
