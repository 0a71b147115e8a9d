import { API_HEADERS } from '../../core/api/headers.ts';
import type { HttpReply, HttpRequest } from '../../core/api/http.ts';
import { jsonText } from '../../core/api/reply.ts';
import type { Awaitable } from '../../core/base/awaitable.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';

/** More than this is no table that somebody asked for by hand. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * Gathers a reply that comes in pieces into one body, for an engine that sends only whole ones. A source that fails on
 * the way makes the request fail, where half a table under status 200 would look like all of it.
 */
export function whole(reply: HttpReply, { signal }: HttpRequest, requestId: string, log: Log): Awaitable<HttpReply> {
  if (reply.pieces === undefined) return reply;
  const { pieces, ...head } = reply;
  return gathered(pieces, signal).then(
    (body) => ({ ...head, body }),
    (cause: unknown) => failed(requestId, cause, log),
  );
}

async function gathered(pieces: AsyncIterable<string>, signal: AbortSignal): Promise<string> {
  let body = '';
  for await (const piece of pieces) {
    if (signal.aborted) break;
    body += piece;
    if (body.length > MOST_CHARACTERS) throw new RangeError(`more than ${MOST_CHARACTERS} characters`);
  }
  return body;
}

function failed(requestId: string, cause: unknown, log: Log): HttpReply {
  log('error', 'reply could not be made', { requestId, cause: messageOf(cause) });
  return {
    status: 500,
    headers: { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8' },
    body: jsonText({ error: `Internal error (request ${requestId})` }),
  };
}
