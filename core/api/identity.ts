import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Principal } from './auth.ts';

/** A login that succeeded. */
export interface Session {
  /** Opaque value of the session cookie. */
  readonly cookie: string;
  readonly csrf: string;
  readonly maxAge: Millis;
  readonly principal: Principal;
  /** The admin token, shown once; only `claim` makes one. */
  readonly token?: string;
}

/** `exhausted`: too many wrong tries. `expired`: the code's day has passed. `failed`: it could not be made durable. */
export type ClaimRefusal = 'wrong' | 'expired' | 'exhausted' | 'already_claimed' | 'failed';

/**
 * Who holds which credential. Lookups are synchronous and in memory, because every request makes one; secrets are
 * compared in constant time.
 */
export interface Identity {
  /** Bearer token → principal; `undefined` when unknown, expired or revoked. */
  token(raw: string): Principal | undefined;
  /**
   * Value of the session cookie: an opaque session id, or a raw token. The principal carries `csrf` either way. A `use`,
   * which it is unless said otherwise, keeps the session from ending as idle; a `glance` does not.
   */
  cookie(raw: string, look?: 'use' | 'glance'): Principal | undefined;
  /** Whether somebody has used the claim code. */
  claimed(): boolean;
  claim(code: string, peer: string): Promise<Result<Session, ClaimRefusal>>;
  login(token: string, peer: string): Promise<Result<Session, 'wrong' | 'failed'>>;
  /** Ends the session of this principal, as it was returned by `cookie`. A principal without a session is no error. */
  logout(principal: Principal): Promise<void>;
}
