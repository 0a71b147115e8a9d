import type { Awaitable } from '../base/awaitable.ts';
import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Handover } from './attach.ts';
import type { Principal } from './auth.ts';

/** What stands in front of a body. */
export interface RequestHead {
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
   * Wall clock when its connection was opened, or, where the engine tells connections apart by time only, a moment before
   * that and the same for each of its requests. Absent where the engine cannot tell.
   */
  readonly connectionOpenedAt?: Millis;
  /** It asks to leave HTTP at a path where something may be attached. */
  readonly isUpgrade?: boolean;
}

/** A request as an HTTP engine hands it over, its body not yet read. */
export interface HttpRequest extends RequestHead {
  /** Reads the whole body into memory, once. */
  body(limit: number): Promise<Result<Uint8Array, BodyCode>>;
  /** Reads it piece by piece instead: for bodies larger than memory should hold. */
  pieces(limit: number): BodyReader;
  /** Aborted when the client goes away before the reply is complete, and when a stream ends for whatever reason. */
  readonly signal: AbortSignal;
}

/**
 * `too_large` is known from Content-Length before a byte is read, or as soon as the limit is passed. `aborted`: the
 * client went away. `late`: it took longer than the engine waits for a body.
 */
export type BodyCode = 'too_large' | 'aborted' | 'late';

/** A body as it arrives. No more is taken from the client than is asked for. */
export interface BodyReader {
  /** The next piece, `undefined` at the end. One call at a time; what failed once goes on failing. */
  next(): Promise<Result<Uint8Array | undefined, BodyCode>>;
}

/** A reply in full. The engine adds Content-Length and Date, and leaves the body out for HEAD, 204 and 304. */
export interface HttpReply {
  readonly status: number;
  /** Lower-case names. Replies that go to many requests may share them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Goes out as `x-request-id`: the one header that no two replies share. Printable ASCII. */
  readonly requestId?: string;
  readonly body: string | Uint8Array;
  /** Instead of `body`. */
  readonly stream?: ReplyStream;
  /** Instead of `body`. */
  readonly source?: ReplySource;
  /**
   * Instead of `body`: one of unknown length, made piece by piece as the client takes it. A rejection costs the connection,
   * so that a part is never taken for the whole. Not begun for HEAD; whoever does not send it to its end calls `return`.
   */
  readonly pieces?: AsyncIterable<string>;
  /** Instead of all that: what is attached at the path answers. Given to engines only that can hand over. */
  readonly handover?: Handover;
}

/** A body of known length that is read as it is sent. */
export interface ReplySource {
  /** Bytes. */
  readonly size: number;
  /** The next piece, `undefined` at the end. A rejection, or another length than promised, costs the connection. */
  next(): Promise<Uint8Array | undefined>;
  /** Called once, when nothing more is read: all was sent, or will not be. */
  close(): void;
}

/**
 * A body without an end of its own, of the type text/event-stream: the engine may put comments between what is written.
 * It ends all of them when it stops.
 */
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

/** Serves every request, at once where nothing has to be waited for. Neither throws nor rejects. */
export type Dispatch = (request: HttpRequest) => Awaitable<HttpReply>;
