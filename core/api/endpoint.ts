import type { Static, TSchema } from 'typebox';
import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Principal, Scope } from './auth.ts';
import type { ReplySource, StreamSink } from './http.ts';
import type { ErrorCode, FieldProblem } from './problem.ts';
import type { Upload, UploadLimits } from './upload.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Transport = 'json' | 'sse' | 'csv' | 'text' | 'file';

/**
 * `login`: the request carries a secret to be judged, and a refusal as `unauthorized` counts as a wrong guess, which
 * `throttle.ts` slows down.
 */
export type RateClass = 'normal' | 'login';

export interface Reply<B> {
  readonly ok: true;
  readonly value: B;
  /** That of the endpoint unless said otherwise. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a handler could not. Each surface maps the code to its status and error body. */
export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  /** May be shown to the client. */
  readonly message: string;
  /** Which fields are wrong, for surfaces whose error body lists them. */
  readonly fields?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/** Resolves when everything that waited has had its turn. */
export type Breathe = () => Promise<void>;

/** Wall clock when a client's connection was opened, or a moment before that; or why that is not known. */
export type ConnectionAge = { readonly openedAt: Millis } | { readonly unknown: string };

/** What a handler may know of its request besides the validated values. */
export interface RequestContext {
  readonly principal: Principal;
  /** Canonical address of the client, or `local`. */
  readonly peer: string;
  readonly requestId: string;
  /** The body came from an HTML form, so the answer is for a browser window: a redirect, not JSON. */
  readonly form: boolean;
  /** What a client of an event stream has seen last, by its own word: the `Last-Event-ID` header. */
  readonly lastEventId?: string;
  /** The `If-Match` header of a `conditional` write, as it came. */
  readonly ifMatch?: string;
  /** Since when the client's connection is open, at least; why that is not known. */
  readonly connection: ConnectionAge;
  /** Lets whatever else waits have its turn; to be called now and then in the course of long work. */
  readonly breathe: Breathe;
  /** Aborted when the client goes away or a stream ends. */
  readonly signal: AbortSignal;
}

/**
 * Server-sent events: the handler writes frames to the sink until `signal` aborts. Signs of life, and the end when the
 * credential is no longer good, are the kernel's.
 */
export interface StreamReply {
  readonly ok: true;
  readonly stream: (sink: StreamSink, signal: AbortSignal) => void;
}

/** A file, of which the kernel serves as much as was asked for. */
export interface FileReply {
  readonly ok: true;
  readonly file: ServedFile;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServedFile {
  /** Bytes. */
  readonly size: number;
  /** Another content has another tag: letters and digits. */
  readonly tag: string;
  /** `type/subtype`. */
  readonly mediaType: string;
  /** Offered as the name of the download; any text. */
  readonly name: string;
  /** `length` bytes behind the first `from`. `gone`: they cannot be read. */
  open(from: number, length: number): Promise<Result<ReplySource, 'gone'>>;
}

/** A table: the transport writes row by row, as the client takes them. */
export interface RowsReply<B> {
  readonly ok: true;
  /** As the row schema has them; its properties are the columns. */
  readonly rows: AsyncIterable<B>;
  /** Under what name a browser keeps it. */
  readonly fileName: string;
}

/** What a handler may answer. */
export type Outcome<B> = Reply<B> | StreamReply | FileReply | RowsReply<B> | Refusal;

export interface Call<Deps, Q, B> {
  readonly deps: Deps;
  readonly query: Q;
  readonly body: B;
  /** There where the endpoint declares one. */
  readonly upload?: Upload;
  readonly context: RequestContext;
}

/** What goes into the audit log about a write. */
export interface AuditDeclaration {
  readonly action: string;
  /** A field of the reply whose word stands behind the action: `undo` of `block_ip` is `undo_block_ip`. */
  readonly of?: string;
  /** The field that names what was acted upon: of the reply where it has one (canonical form), of the body, of the path. */
  readonly target?: string;
  /** What of the target is kept, where whoever named it may have put a secret into it. */
  readonly shown?: (target: string) => string;
  /** Fields of the body, or of the reply, worth keeping; a list as one text. Never one that holds a secret. */
  readonly details?: readonly string[];
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
  /** One of the surface's, or none at all. */
  readonly scope: Scope | 'none';
  readonly summary: string;
  /** Query and path parameters together, an object schema of strings. */
  readonly query?: Q;
  readonly body?: B;
  /**
   * Of the JSON body; for an event stream of one message's data, for CSV of one row: its properties are the columns. A
   * file has none.
   */
  readonly response: R;
  /** `json` unless said otherwise. `text`: the reply's value is the body as it stands, of the type `contentType`. */
  readonly transport?: Transport;
  /** Of a `text` reply; the other transports have their own. */
  readonly contentType?: string;
  /** Input that passes and teaches: shown in the documents, sent by the contract tests. Every row that needs input has one. */
  readonly example?: { readonly query?: Static<Q>; readonly body?: Static<B> };
  /** The body is multipart/form-data within these bounds, and the handler reads it as it arrives. */
  readonly upload?: UploadLimits;
  /** The body may also come as an HTML form. */
  readonly form?: true;
  /** No body at all is an empty object. */
  readonly optionalBody?: true;
  /** `false` on writes that make a session: an old cookie may lie around without its token. */
  readonly csrf?: false;
  /** It acts on the cookie's session: where a request has a cookie that is good, no other credential counts. */
  readonly cookieFirst?: true;
  /** A read whose answer depends on nothing in the request: those that arrive together get one. */
  readonly shared?: true;
  /** Its answer may be large: few such are made at a time, the others wait in line. */
  readonly heavy?: true;
  /** It changes what the client has seen, and nothing else: `If-Match` says what that is. */
  readonly conditional?: true;
  /** Of its body, in bytes, where the surface's limit is not the right one. */
  readonly bodyBytes?: number;
  /** Of a success; 200 unless said otherwise. */
  readonly status?: number;
  /** What the handler itself may refuse with; those of the kernel (401, 429, …) go without saying. */
  readonly errors: readonly ErrorCode[];
  /** `normal` unless said otherwise. */
  readonly rate?: RateClass;
  /** Every write declares one. */
  readonly audit?: AuditDeclaration;
  /** Written as a method so that a table may hold rows of differing bodies; the validators make that sound. */
  handler(call: Call<Deps, Static<Q>, Static<B>>): Promise<Outcome<Static<R>>>;
}

/** Makes the row builder of one set of dependencies: infers a row's schemas, then forgets them. */
export const endpointsOf =
  <Deps>() =>
  <Q extends TSchema, B extends TSchema, R extends TSchema>(row: Endpoint<Deps, Q, B, R>): Endpoint<Deps> =>
    row;

export const isWrite = (method: Method): boolean => method !== 'GET';

/** A refusal as a value; `cause` goes to the log only. */
export const refuse = (code: ErrorCode, message: string, cause?: unknown): Refusal =>
  cause === undefined ? { ok: false, code, message } : { ok: false, code, message, cause };
