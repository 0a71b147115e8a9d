import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Principal } from './auth.ts';

/** A request as an HTTP engine hands it over, its body not yet read. */
export interface HttpRequest {
  /** As received: upper case for every method that exists. */
  readonly method: string;
  /** Request target as received: `/path?query`. */
  readonly target: string;
  /** Value of a header by its lower-case name; repeated ones as the engine joined them. */
  header(name: string): string | undefined;
  /** Canonical address of the peer, or `local`. */
  readonly peer: string;
  /** Proven by the listener itself (local socket): no credential is looked for, no rate limit applies. */
  readonly principal?: Principal;
  /**
   * Reads the whole body, once. `too_large` is known from Content-Length before a byte is read, or as soon as `limit`
   * is passed. `aborted`: the client went away or stopped sending.
   */
  body(limit: number): Promise<Result<Uint8Array, 'too_large' | 'aborted'>>;
  /** Aborted when the client goes away before the reply is complete, and when a stream ends for whatever reason. */
  readonly signal: AbortSignal;
}

/** A reply in full. The engine adds Content-Length and Date, and leaves the body out for HEAD, 204 and 304. */
export interface HttpReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Instead of `body`. */
  readonly stream?: ReplyStream;
  /** Instead of `body`: a long one, made piece by piece as it is taken. Not begun for HEAD. */
  readonly pieces?: AsyncIterable<string>;
}

/** An endless body. The engine cuts a client that does not read as fast as is written, and ends all when it stops. */
export interface ReplyStream {
  /** Called once, after the headers went out. `write` does nothing once the client is gone. */
  readonly start: (write: (text: string) => void) => void;
  /** Written whenever this long has passed, so that middle boxes keep the connection. */
  readonly keepalive: { readonly text: string; readonly every: Millis };
}

/** Serves every request, never rejects. */
export type Dispatch = (request: HttpRequest) => Promise<HttpReply>;
