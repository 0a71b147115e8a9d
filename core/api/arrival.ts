import { uuidv7 } from '../base/ids.ts';
import type { Cidr } from '../base/ip.ts';
import type { Clock, Random } from '../base/ports.ts';
import { type Millis, millis } from '../base/time.ts';
import type { Access } from './access.ts';
import type { ConnectionAge } from './endpoint.ts';
import { clientAddress, isTrustedProxy } from './forwarded.ts';
import type { HttpRequest } from './http.ts';
import { splitTarget } from './target.ts';

/** Whose request it is, as far as is known yet. */
export interface Caller {
  /** Canonical address of the client, which may have come through proxies, or `local`. */
  readonly peer: string;
  readonly connection: ConnectionAge;
  /** Name of the principal, once it is known. */
  actor: string;
}

export interface Arrival {
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly caller: Caller;
  readonly begun: Millis;
}

export interface ArrivalDesk {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Proxies whose X-Forwarded-For is believed; none unless given. */
  readonly trustedProxies?: readonly Cidr[];
}

export function arrive({ clock, random, trustedProxies = [] }: ArrivalDesk, request: HttpRequest): Arrival {
  const begun = clock.now();
  const peer = clientAddress(request.peer, request.header('x-forwarded-for'), trustedProxies);
  const connection = connectionAge(request, trustedProxies);
  return { request, requestId: uuidv7(begun, random), caller: { peer, connection, actor: '' }, begun };
}

/** Through a proxy the connection is the proxy's, which keeps it for one client after the other. */
function connectionAge({ peer, connectionOpenedAt: openedAt }: HttpRequest, proxies: readonly Cidr[]): ConnectionAge {
  if (isTrustedProxy(peer, proxies)) return { unknown: 'the request came through a proxy' };
  return openedAt === undefined ? { unknown: 'the HTTP engine does not tell' } : { openedAt };
}

export const accessOf = ({ request, requestId, caller, begun }: Arrival, status: number, now: Millis): Access => ({
  method: request.method,
  path: splitTarget(request.target).path.slice(0, 256),
  status,
  peer: caller.peer,
  actor: caller.actor,
  requestId,
  took: millis(Math.max(0, now - begun)),
});
