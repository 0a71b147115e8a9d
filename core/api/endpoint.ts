import type { Static, TSchema } from 'typebox';
import type { Principal, Scope } from './auth.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Why a handler could not; each surface maps it to its status and error body. */
export type ErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'invalid'
  | 'rate_limited'
  | 'internal'
  | 'unavailable';

export interface Reply<B> {
  readonly ok: true;
  readonly value: B;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  /** May be shown to the client. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/** What a handler may know of its request besides the validated values. */
export interface RequestContext {
  readonly principal: Principal;
  readonly peer: string;
  readonly requestId: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** A server-sent stream: the surface's transport writes what the handler subscribes to. */
export interface StreamReply {
  readonly ok: true;
  readonly stream: (send: (message: StreamMessage) => void, signal: AbortSignal) => void;
}

export interface StreamMessage {
  readonly id?: string;
  readonly event?: string;
  /** Sent as one JSON line. */
  readonly data: unknown;
}

/**
 * An endpoint as a value. Router, authentication, CSRF, validation, OpenAPI, docs and contract tests are derived from
 * these rows; a handler sees only validated input and returns a value or a refusal.
 */
export interface Endpoint<Deps, Q extends TSchema = TSchema, B extends TSchema = TSchema, R extends TSchema = TSchema> {
  /** Unique, camelCase; also names the compiled validators. */
  readonly name: string;
  readonly method: Method;
  /** With `{name}` segments. */
  readonly path: string;
  readonly scope: Scope | 'none';
  readonly summary: string;
  /** Query and path parameters together, an object schema of strings. */
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  /** `json` unless said otherwise. */
  readonly transport?: 'json' | 'sse';
  readonly errors: readonly ErrorCode[];
  /** Rate class; the surface gives each its bucket. */
  readonly rate?: 'normal' | 'login';
  /** Write it to the audit log: the action's name and the body field that holds its target. */
  readonly audit?: { readonly action: string; readonly target?: string };
  readonly handler: (call: {
    readonly deps: Deps;
    readonly query: Static<Q>;
    readonly body: Static<B>;
    readonly context: RequestContext;
  }) => Promise<Reply<Static<R>> | StreamReply | Refusal>;
}
