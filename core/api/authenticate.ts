import { ANONYMOUS, mayDo, type Principal, type Scope } from './auth.ts';
import { readCookie } from './cookie.ts';
import { type Endpoint, isWrite, type Refusal, refuse } from './endpoint.ts';
import type { HttpRequest } from './http.ts';
import type { Identity } from './identity.ts';
import type { Surface } from './surface.ts';

/** Longer credentials are not looked at. */
const MAX_CREDENTIAL = 512;

/** `cookie`: the browser sent it by itself, so a write must prove that our own page asked for it. */
export interface Credential {
  readonly principal: Principal;
  readonly carrier: 'listener' | 'bearer' | 'cookie' | 'none';
}

/** Where credentials are looked up. */
export type Credentials = Pick<Identity, 'token' | 'cookie'>;

/**
 * The first of the request's credentials that may do this: listener, bearer, cookie. One that may not is passed over,
 * so a read bearer beside an admin cookie leaves the write to the cookie, and with it to the CSRF check.
 * @returns `undefined` when none may
 */
export function authenticate(
  request: HttpRequest,
  surface: Surface,
  scope: Scope | 'none',
  credentials: Credentials,
): Credential | undefined {
  for (const candidate of candidates(request, surface, credentials)) {
    if (mayDo(candidate.principal, scope)) return candidate;
  }
  return scope === 'none' ? { principal: ANONYMOUS, carrier: 'none' } : undefined;
}

function* candidates(request: HttpRequest, surface: Surface, credentials: Credentials): Generator<Credential> {
  if (request.principal !== undefined) yield { principal: request.principal, carrier: 'listener' };
  const bearer = bearerOf(request.header('authorization'), surface.auth.scheme);
  const byToken = bearer === undefined ? undefined : credentials.token(bearer);
  if (byToken !== undefined) yield { principal: byToken, carrier: 'bearer' };
  const cookie = readCookie(request.header('cookie'), surface.auth.cookie);
  const byCookie = cookie === undefined || cookie.length > MAX_CREDENTIAL ? undefined : credentials.cookie(cookie);
  if (byCookie !== undefined) yield { principal: byCookie, carrier: 'cookie' };
}

function bearerOf(header: string | undefined, scheme: string): string | undefined {
  if (header === undefined || header.length > MAX_CREDENTIAL) return undefined;
  const [written, token, ...rest] = header.split(/ +/);
  const known = written?.toLowerCase() === scheme.toLowerCase() && rest.length === 0;
  return known && token !== undefined && token !== '' ? token : undefined;
}

/** A write by cookie needs the CSRF token of that cookie. */
export function csrfRefusal(
  request: HttpRequest,
  surface: Surface,
  endpoint: Endpoint<unknown>,
  { carrier, principal }: Credential,
): Refusal | undefined {
  if (!isWrite(endpoint.method) || endpoint.csrf === false || carrier !== 'cookie') return undefined;
  const given = request.header(surface.auth.csrfHeader) ?? '';
  const expected = principal.csrf ?? '';
  return expected !== '' && sameText(given, expected) ? undefined : refuse('forbidden', 'Invalid CSRF token');
}

/** Takes as long for a wrong text as for the right one of the same length. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
