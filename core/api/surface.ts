import { type TSchema, Type } from 'typebox';
import { hours, type Millis, seconds } from '../base/time.ts';
import type { Scope } from './auth.ts';
import type { RateClass } from './endpoint.ts';
import type { CursorPaging, NumberPaging, Paging } from './paging.ts';
import { type ErrorCode, HTTP_STATUS, type Problem } from './problem.ts';

/** A token bucket: `burst` at once, refilled at `perMinute`. */
export interface Rate {
  readonly burst: number;
  readonly perMinute: number;
}

/** A place for a credential; header names in lower case. Without a scheme the header holds the credential and no more. */
export type Carrier =
  | { readonly kind: 'header'; readonly header: string; readonly scheme?: string }
  | { readonly kind: 'cookie'; readonly cookie: string; readonly csrfHeader: string };

/**
 * What becomes of a field that a body's schema does not name: it is refused, and as what; or reaches the handler beside
 * the others; or does not.
 */
export type UnknownField = { readonly refuse: 'bad_request' | 'invalid' } | 'keep' | 'ignore';

/** Everything in which one API dialect differs from another. No handler knows which surface it serves. */
export interface Surface {
  /** Of the dialect, as the documents have it. */
  readonly name: string;
  /** Which listener serves it; `main` is that of the console. */
  readonly listener: string;
  /** Paths below this prefix are the surface's: an unknown one gets its 404, every one its rate limit and Origin check. */
  readonly mount: string;
  /** Every scope that its endpoints may ask for; one of another surface is worth nothing here. */
  readonly scopes: readonly Scope[];
  /** Where a credential may stand, in the order of looking. */
  readonly carriers: readonly Carrier[];
  readonly status: Readonly<Record<ErrorCode, number>>;
  readonly errorBody: (problem: Problem) => unknown;
  /** The form of such a body, for the documents. */
  readonly errorSchema: (code: ErrorCode) => TSchema;
  readonly paging: Paging;
  /** What a request that fails its schema is answered with. */
  readonly invalidInput: 'bad_request' | 'invalid';
  readonly unknownBodyField: UnknownField;
  readonly unknownQueryParameter: 'refuse' | 'ignore';
  /** Content types read as JSON; `''` stands for none given. */
  readonly jsonTypes: readonly string[];
  readonly limits: {
    readonly bodyBytes: number;
    /** Objects and arrays inside one another. */
    readonly depth: number;
    /** A handler that takes longer is answered for; what it began may still come to an end. */
    readonly handler: Millis;
    /** The same for one that reads an upload. */
    readonly upload: Millis;
    /** Open streams of all clients together. */
    readonly streams: number;
    /** Of these, those of one principal, by whatever session or token of that name. */
    readonly streamsOfOne: number;
    /** Between two signs of life on a stream. */
    readonly keepalive: Millis;
  };
  readonly rates: Readonly<Record<RateClass, Rate>>;
}

const PlainError = Type.Object({ error: Type.String() });
const FieldErrors = Type.Object({
  errors: Type.Array(Type.Object({ field: Type.String(), message: Type.String() })),
});

/** Name of the session cookie, as the documented curl lines have it. */
export const SESSION_COOKIE = 'csm_auth';

/** CSM counts, and reads what is no count as if nothing were given. */
export const CSM_PAGING = {
  style: 'number',
  limit: 'limit',
  offset: 'offset',
  standard: 50,
  most: 5000,
  bad: 'standard',
} as const satisfies NumberPaging;

export const OWN_PAGING = {
  style: 'cursor',
  cursor: 'before',
  standard: 100,
  most: 100,
  bad: 'refuse',
} as const satisfies CursorPaging;

/** Of the kept events, of which there are millions. */
export const EVENT_PAGING = {
  style: 'cursor',
  cursor: 'after',
  limit: 'limit',
  standard: 100,
  most: 1000,
  bad: 'refuse',
} as const satisfies CursorPaging;

/**
 * CSM's dialect. Content-Type: CSM never looks at it, and `curl -d` without a header
 * sends a form type, so JSON under that name is read. A cookie write is guarded by its CSRF token, not by this.
 */
export const CSM: Surface = {
  name: 'csm',
  listener: 'main',
  mount: '/api/',
  scopes: ['read', 'admin', 'metrics'],
  carriers: [
    { kind: 'header', header: 'authorization', scheme: 'Bearer' },
    { kind: 'cookie', cookie: SESSION_COOKIE, csrfHeader: 'x-csrf-token' },
  ],
  status: HTTP_STATUS,
  errorBody: ({ code, message, fields }) =>
    code === 'invalid' && fields.length > 0 ? { errors: fields } : { error: message },
  errorSchema: (code) => (code === 'invalid' ? Type.Union([FieldErrors, PlainError]) : PlainError),
  paging: CSM_PAGING,
  invalidInput: 'bad_request',
  unknownBodyField: { refuse: 'bad_request' },
  unknownQueryParameter: 'ignore',
  jsonTypes: ['', 'application/json', 'application/x-www-form-urlencoded'],
  limits: {
    bodyBytes: 64 * 1024,
    depth: 16,
    handler: seconds(30),
    upload: hours(2),
    streams: 6000,
    streamsOfOne: 750,
    keepalive: seconds(25),
  },
  rates: { normal: { burst: 600, perMinute: 600 }, login: { burst: 20, perMinute: 20 } },
};

/** That of our own endpoints: CSM's but for the pages, and one with it for limits and names. */
export const OWN: Surface = { ...CSM, paging: OWN_PAGING };
