import { uuidv7 } from '../base/ids.ts';
import type { Clock, Log, Random } from '../base/ports.ts';
import type { Principal, Scope } from './auth.ts';
import { authenticate, type Credentials, challenge } from './authenticate.ts';
import { type Refusal, refuse } from './endpoint.ts';
import type { HttpReply, RequestHead } from './http.ts';
import type { OwnOrigin } from './origin.ts';
import { rateLimiter } from './rate.ts';
import { refusalReply } from './reply.ts';
import type { Surface } from './surface.ts';

/** Where connections may leave HTTP, for a WebSocket for one: the path itself and all below it. */
export interface AttachPath {
  /** Without a slash at its end. */
  readonly path: string;
  readonly surface: Surface;
  readonly scope: Scope | 'none';
}

/** A connection that may leave HTTP. */
export interface Admitted {
  readonly ok: true;
  readonly path: AttachPath;
  readonly principal: Principal;
  readonly requestId: string;
  /** Asked once a keepalive interval of the surface; `false` ends the connection. */
  readonly isGood: () => boolean;
}

export interface AttachGate {
  /** Whether an upgrade is looked at here at all; elsewhere it is a request like any other. */
  covers(target: string): boolean;
  admit(request: RequestHead): Admitted | { readonly ok: false; readonly reply: HttpReply };
}

export interface AttachGateOptions {
  readonly paths: readonly AttachPath[];
  readonly credentials: Credentials;
  readonly ownOrigin: OwnOrigin;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Decides on connections that ask to leave HTTP: rate → Origin → credential → Origin again for a cookie. A browser lets
 * any page open a WebSocket and sends the cookie with it, and there is no CSRF token; so by cookie only a page of our
 * own may, which the browser's Origin proves, and its absence does not.
 */
export function attachGate(options: AttachGateOptions): AttachGate {
  const { paths, clock, random } = options;
  const limiters = new Map(paths.map(({ surface }) => [surface, rateLimiter(surface.rates.normal, clock)]));
  const find = (target: string) => {
    const asked = target.split('?', 1)[0] ?? '';
    return paths.find(({ path }) => asked === path || asked.startsWith(`${path}/`));
  };
  return {
    covers: (target) => find(target) !== undefined,
    admit(request) {
      const path = find(request.target);
      if (path === undefined) throw new Error(`nothing is attached at ${request.target}`);
      const requestId = uuidv7(clock.now(), random);
      const wait = request.principal === undefined ? (limiters.get(path.surface)?.take(request.peer) ?? 0) : 0;
      const admitted = wait > 0 ? tooMany(wait) : letIn(options, path, request);
      if (admitted.ok) return { ...admitted, path, requestId };
      const reply = refusalReply(path.surface, admitted, requestId);
      return { ok: false, reply: { ...reply, headers: { ...reply.headers, 'x-request-id': requestId } } };
    },
  };
}

function letIn(
  { credentials, ownOrigin, log }: AttachGateOptions,
  { surface, scope }: AttachPath,
  request: RequestHead,
): Pick<Admitted, 'ok' | 'principal' | 'isGood'> | Refusal {
  if (request.method !== 'GET') {
    return { ...refuse('method_not_allowed', 'Method not allowed'), headers: { allow: 'GET' } };
  }
  const origin = request.header('origin');
  const isOwn = origin !== undefined && ownOrigin(origin);
  const credential = authenticate(request, surface, scope, credentials);
  const isByCookie = typeof credential?.carrier === 'object' && credential.carrier.kind === 'cookie';
  if (request.principal === undefined && !isOwn && (origin !== undefined || isByCookie)) {
    log('debug', 'upgrade from a foreign origin refused', { origin: origin?.slice(0, 128), peer: request.peer });
    return refuse('forbidden', 'Origin not allowed: open the appliance under a name or address it is configured with');
  }
  if (credential === undefined) return { ...refuse('unauthorized', 'Unauthorized'), headers: challenge(surface) };
  return { ok: true, principal: credential.principal, isGood: credential.isGood };
}

const tooMany = (wait: number): Refusal => ({
  ...refuse('rate_limited', 'Rate limit exceeded'),
  headers: { 'retry-after': String(wait) },
});
