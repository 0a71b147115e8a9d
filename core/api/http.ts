import type { Result } from '../base/result.ts';
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
}

/** A body without an end of its own. The engine ends all of them when it stops. */
export interface ReplyStream {
  /** Called once, after the headers went out. */
  readonly start: (sink: StreamSink) => void;
}

/** One client at the end of a stream. Nothing here does anything once it is gone or its stream ended. */
export interface StreamSink {
  /**
   * Queues bytes, which may be shared between clients and must not change afterwards.
   * @returns `false` when more waits for the client than the engine's bound: time to hold back until it has drained.
   * A little more is still taken; a writer that goes on all the same has its client cut.
   */
  write(bytes: Uint8Array): boolean;
  /** `run` is called each time that everything has gone out after a `false`. A later `run` replaces it. */
  onDrain(run: () => void): void;
  /** Ends the body behind what is queued. A client that does not take that within the engine's stall limit is cut. */
  end(): void;
}

/** Serves every request, never rejects. */
export type Dispatch = (request: HttpRequest) => Promise<HttpReply>;
