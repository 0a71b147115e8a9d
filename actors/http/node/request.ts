import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../../core/api/auth.ts';
import type { HttpRequest } from '../../../core/api/http.ts';
import { parseIp } from '../../../core/base/ip.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';

export interface NodeExchange {
  readonly request: HttpRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` and has not been told. */
  awaitsContinue: boolean;
  /** Ends the reply when it has no end of its own: the exchange is a stream then. */
  endStream?: () => void;
  /** To be called once nothing more can happen: aborts the request's signal unless the reply went out whole. */
  over(): void;
}

/** Wraps what node:http hands over. */
export function exchangeOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  { principal, awaitsContinue }: { readonly principal?: Principal; readonly awaitsContinue: boolean },
): NodeExchange {
  const gone = new AbortController();
  const { headers, method = '', url = '' } = incoming;
  const exchange: NodeExchange = {
    incoming,
    response,
    awaitsContinue,
    over() {
      if (exchange.endStream !== undefined || !response.writableFinished) gone.abort();
    },
    request: {
      method,
      target: url,
      header: (name) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      peer: principal === undefined ? peerOf(incoming) : 'local',
      ...(principal && { principal }),
      body: (limit) => readBody(exchange, limit),
      signal: gone.signal,
    },
  };
  return exchange;
}

function peerOf({ socket }: IncomingMessage): string {
  const parsed = parseIp(socket.remoteAddress ?? '');
  return parsed.ok ? parsed.value.text : (socket.remoteAddress ?? 'unknown');
}

/** Content-Length as written; node has refused one that is no number. 0 without a body, Infinity for a chunked one. */
export const declaredLength = ({ headers }: IncomingMessage): number =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.POSITIVE_INFINITY;

function readBody(exchange: NodeExchange, limit: number): Promise<Result<Uint8Array, 'too_large' | 'aborted'>> {
  const { incoming, response } = exchange;
  const declared = declaredLength(incoming);
  if (declared > limit && declared !== Number.POSITIVE_INFINITY) return Promise.resolve(tooLarge);
  if (exchange.awaitsContinue) response.writeContinue();
  exchange.awaitsContinue = false;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        incoming.off('data', onData).pause();
        resolve(tooLarge);
      }
    };
    incoming.on('data', onData);
    incoming.once('end', () => resolve(ok(Buffer.concat(chunks, size))));
    incoming.once('error', () => resolve(aborted));
    incoming.once('close', () => resolve(aborted));
  });
}

const tooLarge = fail('too_large', 'the body is too large');
const aborted = fail('aborted', 'the client went away');
