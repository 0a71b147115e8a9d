import type { Result } from '../base/result.ts';
import type { Deadline, Millis } from '../base/time.ts';
import type { Principal, Scope } from './auth.ts';
import type { KnownPeers } from './throttle.ts';

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

/** A token as it is shown: everything but the secret. */
export interface TokenEntry {
  /** Says nothing about the secret; the same across restarts. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** `config`: stands in the config file, and only there can it be taken back. */
  readonly source: 'config' | 'api';
  /** Unknown for a token of the config. */
  readonly createdAt?: Millis;
  readonly expiresAt: Deadline;
  /** Start of the UTC day on which it was last accepted. */
  readonly lastUsedOn?: Millis;
  /** `revoked`: dead, but its end could not be stored yet; revoking it again tries once more. */
  readonly state: 'active' | 'expired' | 'revoked';
}

export interface TokenRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Deadline;
}

export interface MadeToken extends TokenEntry {
  /** The secret; it is not kept and not shown again. */
  readonly token: string;
}

/** `taken`: another token has the name. `full`: there are as many as are kept. */
export type TokenRefusal = 'taken' | 'full' | 'failed';

/** `configured`: it stands in the config file. `last_admin`: without it nobody could administer the appliance. */
export type RevokeRefusal = 'unknown' | 'configured' | 'last_admin' | 'failed';

/** A session as it is shown. */
export interface SessionEntry {
  readonly id: string;
  /** Id and name of the token that logged in. */
  readonly tokenId: string;
  readonly name: string;
  /** Where the login came from. */
  readonly peer: string;
  readonly createdAt: Millis;
  readonly lastSeenAt: Millis;
  /** When it ends if it is not used again. */
  readonly expiresAt: Millis;
}

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
  /** All tokens, those of the config first. */
  tokens(): readonly TokenEntry[];
  /** Resolves when the token is durable. */
  createToken(request: TokenRequest): Promise<Result<MadeToken, TokenRefusal>>;
  /**
   * The token and every session made with it are dead when this returns, before it resolves. `failed`: they are, but a
   * restart would bring them back; to be tried again.
   */
  revokeToken(id: string): Promise<Result<TokenEntry, RevokeRefusal>>;
  /** Sessions that are not over, newest first. */
  sessions(): readonly SessionEntry[];
  /** As `revokeToken`, for one session. */
  endSession(id: string): Promise<Result<SessionEntry, 'unknown' | 'failed'>>;
  /** Who got in before, over restarts. */
  readonly known: KnownPeers;
  /**
   * Calls `ended` once, when this principal's credential is revoked, logged out or over (looked at every few seconds).
   * For what outlives a request: streams and sockets. A principal without `id` never ends. Returns the unsubscriber.
   */
  watch(principal: Principal, ended: () => void): () => void;
}
