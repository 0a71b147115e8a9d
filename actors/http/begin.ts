import { API_HEADERS } from '../../core/api/headers.ts';
import type { HttpReply, HttpRequest } from '../../core/api/http.ts';
import { jsonText } from '../../core/api/reply.ts';
import type { Awaitable } from '../../core/base/awaitable.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';

/** Characters made before the first of them goes out. What is complete with them is a reply like any other. */
const BEGINNING = 64 * 1024;

/**
 * Makes the beginning of a reply that comes in pieces. One that is complete by then becomes a whole reply, which can be
 * tagged and compressed, and one that fails by then a 500; a longer one is left to the engine, with what there is of it.
 * Nothing is begun for HEAD.
 */
export function begin(reply: HttpReply, request: HttpRequest, requestId: string, log: Log): Awaitable<HttpReply> {
  if (reply.pieces === undefined || request.method === 'HEAD') return reply;
  const { pieces, ...head } = reply;
  return beginning(pieces[Symbol.asyncIterator](), request.signal).then(
    (body) => (typeof body === 'string' ? { ...head, body } : { ...head, pieces: body }),
    (cause: unknown) => failed(requestId, cause, log),
  );
}

/** All the text, or the pieces of which there are more than a beginning. */
async function beginning(pieces: AsyncIterator<string>, signal: AbortSignal): Promise<string | Begun> {
  const made: string[] = [];
  for (let length = 0; length <= BEGINNING; ) {
    const piece = signal.aborted ? await pieces.return?.() : await pieces.next();
    if (piece === undefined || piece.done === true) return made.join('');
    made.push(piece.value);
    length += piece.value.length;
  }
  return new Begun(made, pieces);
}

/** Pieces of which some are made. Those who do not take all of them let go of the rest, even before the first. */
class Begun implements AsyncIterableIterator<string, undefined> {
  #made: readonly string[];
  readonly #rest: AsyncIterator<string>;

  constructor(made: readonly string[], rest: AsyncIterator<string>) {
    this.#made = made;
    this.#rest = rest;
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    const [first, ...others] = this.#made;
    if (first !== undefined) {
      this.#made = others;
      return { done: false, value: first };
    }
    const piece = await this.#rest.next();
    return piece.done === true ? OVER : piece;
  }

  async return(): Promise<IteratorResult<string, undefined>> {
    this.#made = [];
    await this.#rest.return?.();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const OVER = { done: true, value: undefined } as const;

function failed(requestId: string, cause: unknown, log: Log): HttpReply {
  log('error', 'reply could not be made', { requestId, cause: messageOf(cause) });
  return {
    status: 500,
    headers: { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8' },
    body: jsonText({ error: `Internal error (request ${requestId})` }),
  };
}
