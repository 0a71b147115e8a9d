import type { ServerResponse } from 'node:http';
import type { HttpReply, ReplySource, ReplyStream, StreamSink } from '../../../core/api/http.ts';
import type { Clock, Log } from '../../../core/base/ports.ts';
import { letGo } from '../let-go.ts';
import type { EngineLimits } from '../port.ts';
import type { Refuse } from '../refusal.ts';
import { declaredLength } from './body.ts';
import type { NodeExchange } from './request.ts';

/** What writing a reply needs to know. */
export interface ReplyDesk {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: EngineLimits;
  /** The listener is stopping: no connection outlives its reply. */
  readonly stopping: () => boolean;
  readonly refuse: Refuse;
}

const headersOf = ({ headers, requestId }: HttpReply): HttpReply['headers'] =>
  requestId === undefined ? headers : { ...headers, 'x-request-id': requestId };

/** Sends a whole reply. One given before the body was read closes the connection, gently. */
export function sendReply(desk: ReplyDesk, exchange: NodeExchange, reply: HttpReply): void {
  const { status, body } = reply;
  const { incoming, response } = exchange;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const bodyless = status === 204 || status === 304;
  const unread = giveUpBody(desk, exchange);
  response.writeHead(status, {
    ...headersOf(reply),
    ...(bodyless ? {} : { 'content-length': bytes.length }),
    ...(unread || desk.stopping() ? { connection: 'close' } : {}),
  });
  const sent = bodyless || incoming.method === 'HEAD' ? undefined : bytes;
  if (!unread) response.end(sent);
  else {
    if (sent !== undefined && sent.length > 0) response.write(sent);
    else response.flushHeaders();
    linger(desk, exchange);
  }
}

/**
 * Makes an end of a body that is not read to its own.
 * @returns true when more is to come than is worth reading for the sake of the connection
 */
function giveUpBody({ clock, limits }: ReplyDesk, { incoming, response, awaitsContinue, body }: NodeExchange): boolean {
  if (incoming.complete) return false;
  body?.drop();
  if (body?.isWanted || awaitsContinue || declaredLength(incoming) > limits.lingerBytes) return true;
  const end = () => incoming.socket.destroySoon();
  // A client that does not send its body all the same gets its reply whole, however slowly it takes it.
  const cancel = clock.after(limits.requestRead, () =>
    response.writableFinished ? end() : response.once('finish', end),
  );
  incoming.once('close', cancel);
  return false;
}

/** Sends a body while it is read; nothing is read for HEAD. A client that leaves, or a source that fails, ends it. */
export async function sendSource(
  desk: ReplyDesk,
  exchange: NodeExchange,
  reply: HttpReply,
  source: ReplySource,
): Promise<void> {
  const { incoming, response, request } = exchange;
  const isLast = giveUpBody(desk, exchange) || desk.stopping();
  response.writeHead(reply.status, {
    ...headersOf(reply),
    'content-length': source.size,
    ...(isLast ? { connection: 'close' } : {}),
  });
  try {
    for (let left = incoming.method === 'HEAD' ? 0 : source.size; left > 0 && !request.signal.aborted; ) {
      const piece = await source.next();
      if (piece === undefined || piece.length > left) throw new Error('the source has another length than it said');
      left -= piece.length;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  } finally {
    source.close();
  }
}

/**
 * Sends a body while it is made; nothing is begun for HEAD. Where the making fails the connection is to be cut: in chunks
 * the last one is missing then, and HTTP/1.0, which has none, misses the end of TLS.
 */
export async function sendPieces(
  desk: ReplyDesk,
  exchange: NodeExchange,
  reply: HttpReply,
  pieces: AsyncIterable<string>,
): Promise<void> {
  const { incoming, response, request } = exchange;
  const isUnread = giveUpBody(desk, exchange);
  const isLast = isUnread || desk.stopping();
  response.writeHead(reply.status, { ...headersOf(reply), ...(isLast ? { connection: 'close' } : {}) });
  if (incoming.method === 'HEAD') letGo(reply);
  else
    for await (const piece of pieces) {
      if (request.signal.aborted) return;
      if (!response.write(piece)) await drained(response);
    }
  if (isUnread) linger(desk, exchange);
  else response.end();
}

/** Resolves when there is room again, or nobody who would need it. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
    if (response.destroyed) go();
  });

/**
 * Reads and forgets for a moment before closing: a connection closed with unread bytes is reset, and the reset can
 * overtake the reply, so that the client never learns why.
 */
function linger({ clock, limits }: ReplyDesk, { incoming, response }: NodeExchange): void {
  let read = 0;
  const close = () => {
    cancel();
    response.end();
  };
  const cancel = clock.after(limits.linger, close);
  incoming.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > limits.lingerBytes) close();
  });
  incoming.once('end', close);
  incoming.once('close', close);
  incoming.resume();
}

/**
 * Starts a body without end. Connections are not used again after a stream, so that its frames need no chunk headers
 * around them.
 */
export function sendStream(desk: ReplyDesk, exchange: NodeExchange, reply: HttpReply, stream: ReplyStream): void {
  const { response } = exchange;
  exchange.endStream = () => response.end();
  response.removeHeader('transfer-encoding');
  response.writeHead(reply.status, { ...headersOf(reply), connection: 'close' });
  response.flushHeaders();
  stream.start(sinkOf(desk, exchange));
}

/** A writer that does not heed `false` has its client cut before the memory suffers. */
function sinkOf({ log, limits }: ReplyDesk, { incoming, response, request }: NodeExchange): StreamSink {
  const isOver = () => response.writableEnded || incoming.socket.destroyed;
  return {
    write(bytes) {
      if (isOver()) return true;
      const isRoomy = response.write(bytes) || response.writableLength <= limits.streamBuffer;
      if (response.writableLength > limits.streamLimit) {
        log('warn', 'stream client cut: its buffer overflows', {
          peer: request.peer,
          waiting: response.writableLength,
        });
        incoming.socket.destroy();
      }
      return isRoomy;
    },
    onDrain(run) {
      response.removeAllListeners('drain').on('drain', run);
    },
    end() {
      if (!isOver()) response.end();
    },
  };
}
