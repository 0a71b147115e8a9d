/**
 * An expected outcome as a value: bugs throw, everything a caller can foresee is returned.
 * `public` may be shown to a client; `cause` goes to the log only.
 */
export type Result<V, C extends string> = Ok<V> | Failure<C>;

export interface Ok<V> {
  readonly ok: true;
  readonly value: V;
}

export interface Failure<C extends string> {
  readonly ok: false;
  readonly code: C;
  readonly public: string;
  readonly cause?: unknown;
}

export const ok = <V>(value: V): Ok<V> => ({ ok: true, value });

export const fail = <C extends string>(code: C, text: string, cause?: unknown): Failure<C> =>
  cause === undefined ? { ok: false, code, public: text } : { ok: false, code, public: text, cause };

/** The message of anything thrown, for a log line or a `Failure.public` that names the cause. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
