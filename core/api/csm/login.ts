import { type Static, Type } from 'typebox';
import type { Result } from '../../base/result.ts';
import { CLEARED_COOKIE, sessionCookie } from '../cookie.ts';
import { endpoint } from '../deps.ts';
import { type Refusal, type Reply, refuse } from '../endpoint.ts';
import type { Session } from '../identity.ts';

export const LoggedIn = Type.Object({ csrf_token: Type.String(), name: Type.String() });

export const login = endpoint({
  name: 'login',
  method: 'POST',
  path: '/login',
  scope: 'none',
  summary: 'Start a session: sets the cookie; JSON gets the CSRF token, a form is sent on to /',
  body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) }),
  example: { body: { token: 'YOUR_TOKEN' } },
  response: LoggedIn,
  form: true,
  csrf: false,
  rate: 'login',
  errors: ['unauthorized', 'unavailable'],
  audit: { action: 'login', target: 'name' },
  handler: async ({ deps, body, context }) =>
    replyTo(await deps.identity.login(body.token, context.peer), context.form),
});

export const logout = endpoint({
  name: 'logout',
  method: 'POST',
  path: '/logout',
  scope: 'none',
  summary: 'End the session and clear the cookie; a form is sent on to /',
  response: Type.Object({ status: Type.Literal('ok') }),
  form: true,
  cookieFirst: true,
  errors: [],
  audit: { action: 'logout' },
  handler: async ({ deps, context }) => {
    await deps.identity.logout(context.principal);
    const headers = { 'set-cookie': CLEARED_COOKIE };
    const value = { status: 'ok' as const };
    return context.form
      ? { ok: true, value, status: 302, headers: { ...headers, location: '/' } }
      : { ok: true, value, headers };
  },
});

function replyTo(
  session: Result<Session, 'wrong' | 'failed'>,
  form: boolean,
): Reply<Static<typeof LoggedIn>> | Refusal {
  if (!session.ok)
    return refuse(session.code === 'wrong' ? 'unauthorized' : 'unavailable', session.public, session.cause);
  const headers = { 'set-cookie': sessionCookie(session.value) };
  const value = { csrf_token: session.value.csrf, name: session.value.principal.name };
  return form ? { ok: true, value, status: 302, headers: { ...headers, location: '/' } } : { ok: true, value, headers };
}
