import type { Principal, Scope } from './auth.ts';
import { authenticate, type Credentials, challenge } from './authenticate.ts';
import { type Refusal, refuse } from './endpoint.ts';
import type { HttpReply, RequestHead } from './http.ts';
import type { Surface } from './surface.ts';

/** Where connections may leave HTTP, for a WebSocket for one: the path itself and all below it. */
export interface AttachPath {
  /** Without a slash at its end. */
  readonly path: string;
  readonly surface: Surface;
  readonly scope: Scope | 'none';
  /** Plain requests there are left to what is attached as well, as Socket.IO's long polling needs. */
  readonly takesRequests?: boolean;
}

/** A connection, or a request, that has passed the gates and is somebody else's from here. */
export interface Handover {
  /** `path` of the attach point. */
  readonly path: string;
  readonly principal: Principal;
  /** Canonical address of the client, which may have come through proxies, or `local`. */
  readonly peer: string;
  /** Calls `ended` once when the credential is no longer good; then it must be cut. Returns the unsubscriber. */
  readonly watch: (ended: () => void) => () => void;
  /** To be called once, with the status with which it was answered in the end. */
  readonly answered: (status: number) => void;
}

/** Whether `path` is an attach path or below it. */
export const isAt = ({ path: attached }: Pick<AttachPath, 'path'>, path: string): boolean =>
  path === attached || path.startsWith(`${attached}/`);

/** The attach path that a request is for. Without an upgrade it mostly is a request like any other. */
export const attachPathOf = (
  paths: readonly AttachPath[],
  { isUpgrade = false }: RequestHead,
  path: string,
): AttachPath | undefined => paths.find((one) => (isUpgrade || one.takesRequests === true) && isAt(one, path));

/** Long polling asks and answers by these. */
const METHODS = ['GET', 'POST'];

/**
 * Authentication, and for a cookie the Origin: a browser lets any page open a WebSocket, sends the cookie with it, and
 * there is no CSRF token; so by cookie only a page of our own may, which the browser's Origin proves, and its absence does
 * not. That goes for writes as well. The answer to a read is kept from other pages by the browser.
 * @param request its Origin, if it has one, is known to be our own
 */
export function attachTo(
  { path, surface, scope }: AttachPath,
  request: RequestHead,
  caller: { readonly peer: string; actor: string },
  credentials: Credentials,
): HttpReply | Refusal {
  const { isUpgrade = false, method } = request;
  const credential = authenticate(request, surface, scope, credentials);
  if (credential === undefined) return { ...refuse('unauthorized', 'Unauthorized'), headers: challenge(surface) };
  const { principal, carrier } = credential;
  caller.actor = principal.name;
  const allowed = isUpgrade ? ['GET'] : METHODS;
  if (!allowed.includes(method)) {
    return { ...refuse('method_not_allowed', 'Method not allowed'), headers: { allow: allowed.join(', ') } };
  }
  const isByCookie = typeof carrier === 'object' && carrier.kind === 'cookie';
  if (isByCookie && (isUpgrade || method !== 'GET') && request.header('origin') === undefined) {
    return refuse('forbidden', 'Origin missing: with a cookie only a page of the appliance may do this');
  }
  const watch = (ended: () => void) => credentials.watch(principal, ended);
  const handover = { path, principal, peer: caller.peer, watch, answered() {} };
  return { status: isUpgrade ? 101 : 200, headers: {}, body: '', handover };
}
