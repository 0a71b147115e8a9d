import type { Awaitable } from '../base/awaitable.ts';
import type { Credential } from './authenticate.ts';
import { readCookie } from './cookie.ts';
import { type Endpoint, isWrite, type Refusal, refuse } from './endpoint.ts';
import type { HttpRequest } from './http.ts';
import type { Identity } from './identity.ts';
import { bodyRefusal, isForm } from './input.ts';
import type { Surface } from './surface.ts';

/** Field of an HTML form that carries the CSRF token, which a form cannot put into a header. */
const FORM_FIELD = 'csrf_token';

/** The request may go on; its body is read from here, since looking for the token may have used it up. */
export interface Proven {
  readonly ok: true;
  readonly body: HttpRequest['body'];
}

/**
 * A cookie is sent by the browser unasked, so a write by it must show the CSRF token that only our own page knows: in the
 * header, or where the endpoint takes a form, in a field of it.
 */
export function proveCsrf(
  request: HttpRequest,
  endpoint: Endpoint<unknown>,
  { carrier, principal }: Credential,
  { limits }: Surface,
): Awaitable<Proven | Refusal> {
  const unread: Proven = { ok: true, body: (limit) => request.body(limit) };
  if (!isWrite(endpoint.method) || endpoint.csrf === false) return unread;
  if (carrier === 'listener' || carrier === 'none' || carrier.kind !== 'cookie') return unread;
  const inHeader = request.header(carrier.csrfHeader);
  if (inHeader !== undefined || endpoint.form !== true || !isForm(request)) {
    return isRight(inHeader, principal.csrf) ? unread : refuse('forbidden', 'Invalid CSRF token');
  }
  return proveByForm(request, principal.csrf, limits.bodyBytes);
}

async function proveByForm(
  request: HttpRequest,
  expected: string | undefined,
  limit: number,
): Promise<Proven | Refusal> {
  const bytes = await request.body(limit);
  if (!bytes.ok) return bodyRefusal(bytes.code, limit);
  const given = new URLSearchParams(new TextDecoder().decode(bytes.value)).getAll(FORM_FIELD);
  if (given.length !== 1 || !isRight(given[0], expected)) return refuse('forbidden', 'Invalid CSRF token');
  return { ok: true, body: () => Promise.resolve(bytes) };
}

/** The CSRF token of whoever's cookie a page was asked for with; undefined for anybody else. */
export function csrfOfPage(
  request: HttpRequest,
  { carriers }: Surface,
  credentials: Pick<Identity, 'cookie'>,
): string | undefined {
  for (const carrier of carriers) {
    const raw = carrier.kind === 'cookie' ? readCookie(request.header('cookie'), carrier.cookie) : undefined;
    const principal = raw === undefined || raw === '' ? undefined : credentials.cookie(raw);
    if (principal?.csrf !== undefined) return principal.csrf;
  }
  return undefined;
}

/** Takes as long for a wrong text as for the right one of the same length. An empty one is never right. */
function isRight(given = '', expected = ''): boolean {
  if (expected === '' || given.length !== expected.length) return false;
  let difference = 0;
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}
