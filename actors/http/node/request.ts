import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Principal } from '../../../core/api/auth.ts';
import type { HttpRequest, RequestHead } from '../../../core/api/http.ts';
import { parseIp } from '../../../core/base/ip.ts';
import type { Clock } from '../../../core/base/ports.ts';
import type { Millis } from '../../../core/base/time.ts';
import { wholeBody } from '../whole-body.ts';
import { NodeBody } from './body.ts';

export interface NodeExchange {
  readonly request: HttpRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` and has not been told. */
  awaitsContinue: boolean;
  /** There once somebody reads it. */
  body?: NodeBody;
  /** Ends the reply when it has no end of its own: the exchange is a stream then. */
  endStream?: () => void;
  /** To be called once nothing more can happen: aborts the request's signal unless the reply went out whole. */
  over(): void;
}

export interface ExchangeOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** For a body that is read into memory. */
  readonly patience: Millis;
  readonly principal?: Principal;
  readonly openedAt: Millis | undefined;
  readonly awaitsContinue: boolean;
}

/** Wraps what node:http hands over. */
export function exchangeOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  { clock, patience, principal, openedAt, awaitsContinue }: ExchangeOptions,
): NodeExchange {
  const gone = new AbortController();
  const exchange: NodeExchange = {
    incoming,
    response,
    awaitsContinue,
    over() {
      if (exchange.endStream !== undefined || !response.writableFinished) gone.abort();
    },
    request: {
      ...headOf(incoming, principal, openedAt),
      body: (limit) => wholeBody(openBody(exchange, limit), clock, patience),
      pieces: (limit) => openBody(exchange, limit),
      signal: gone.signal,
    },
  };
  return exchange;
}

export function headOf(
  incoming: IncomingMessage,
  principal: Principal | undefined,
  openedAt: Millis | undefined,
): RequestHead {
  const { headers, method = '', url = '' } = incoming;
  return {
    method,
    target: url,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    peer: peerOf(incoming.socket, principal),
    ...(principal && { principal }),
    ...(openedAt === undefined ? {} : { connectionOpenedAt: openedAt }),
  };
}

/** Canonical address of the peer, or `local` where the listener itself has proven who it is. */
export function peerOf(
  { remoteAddress = '' }: Duplex & { readonly remoteAddress?: string | undefined },
  principal: Principal | undefined,
): string {
  if (principal !== undefined) return 'local';
  const parsed = parseIp(remoteAddress);
  return parsed.ok ? parsed.value.text : 'unknown';
}

/** Asks for the body, if the client waits to be asked. A second reader would find nothing, and is a bug. */
function openBody(exchange: NodeExchange, limit: number): NodeBody {
  if (exchange.body !== undefined) throw new Error('the body of this request is read already');
  const { incoming, response } = exchange;
  exchange.body = new NodeBody(incoming, limit);
  if (exchange.awaitsContinue && exchange.body.isWanted) {
    response.writeContinue();
    exchange.awaitsContinue = false;
  }
  return exchange.body;
}
