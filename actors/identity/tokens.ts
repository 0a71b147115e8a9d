import type { Principal, Scope } from '../../core/api/auth.ts';
import type { TokenEntry } from '../../core/api/identity.ts';
import { type Deadline, days, hasPassed, type Millis, millis } from '../../core/base/time.ts';
import { hmacSha256, sha256 } from './effects.ts';

export interface Token {
  /** SHA-256 of the secret, 64 hex digits. */
  readonly digest: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly source: TokenEntry['source'];
  readonly createdAt?: Millis;
  readonly expiresAt: Deadline;
}

/** A token in the table. */
export interface Held extends Token {
  readonly id: string;
  /** Start of the UTC day of its last use. */
  readonly usedOn: Millis | undefined;
  /** No longer accepted, and kept only until its end is stored. */
  readonly revoked: boolean;
}

export const SHORTEST_TOKEN = 16;
export const LONGEST_TOKEN = 512;

const DAY = days(1);

/**
 * All tokens by their SHA-256. A lookup hashes what was presented and asks the map; what its timing could tell is about
 * a digest, and knowing the first digits of a digest does not help anybody to find a token that has it.
 */
export class Tokens {
  readonly #secret: string;
  readonly #byDigest = new Map<string, Held & { usedOn: Millis | undefined; revoked: boolean }>();
  readonly #byId = new Map<string, Held>();

  /** @param secret of this installation, from which public ids are derived */
  constructor(secret: string) {
    this.#secret = secret;
  }

  add(token: Token, usedOn?: Millis): Held {
    const held = { ...token, id: publicId(this.#secret, 'token', token.digest), usedOn, revoked: false };
    this.#byDigest.set(token.digest, held);
    this.#byId.set(held.id, held);
    return held;
  }

  remove({ digest, id }: Held): void {
    this.#byDigest.delete(digest);
    this.#byId.delete(id);
  }

  /** From now on it opens nothing. */
  revoke(digest: string): void {
    const held = this.#byDigest.get(digest);
    if (held !== undefined) held.revoked = true;
  }

  /** The valid token with this raw text. */
  find(raw: string, now: Millis): Held | undefined {
    return raw.length > LONGEST_TOKEN ? undefined : this.withDigest(sha256(raw), now);
  }

  withDigest(digest: string, now: Millis): Held | undefined {
    const token = this.#byDigest.get(digest);
    return token === undefined || token.revoked || hasEnded(token, now) ? undefined : token;
  }

  has(digest: string): boolean {
    return this.#byDigest.has(digest);
  }

  withId(id: string): Held | undefined {
    return this.#byId.get(id);
  }

  all(): readonly Held[] {
    return [...this.#byDigest.values()];
  }

  /** Notes a use. @returns the day, when it is another than that of the last use */
  touch(digest: string, now: Millis): Millis | undefined {
    const held = this.#byDigest.get(digest);
    const day = millis(now - (now % DAY));
    if (held === undefined || held.usedOn === day) return undefined;
    held.usedOn = day;
    return day;
  }

  /** An expired admin token counts: its end must not open the appliance to whoever claims first. */
  hasAdmin(): boolean {
    return this.all().some(isAdmin);
  }

  /** Whether an admin could still come in with another token than this one. */
  hasOtherAdmin(digest: string, now: Millis): boolean {
    return this.all().some(
      (token) => token.digest !== digest && isAdmin(token) && !token.revoked && !hasEnded(token, now),
    );
  }
}

const isAdmin = ({ scopes }: Token): boolean => scopes.includes('admin');

/**
 * A token made in the future tells that the clock is not set: then one with an expiry is not accepted, since it may have
 * ended long ago.
 */
const hasEnded = ({ createdAt = millis(0), expiresAt }: Token, now: Millis): boolean =>
  hasPassed(expiresAt, now) || (expiresAt !== 'never' && createdAt > now + DAY);

export const principalOf = ({ name, scopes }: Token, as: Omit<Principal, 'name' | 'scopes'>): Principal => ({
  ...as,
  name,
  scopes,
});

export const entryOf = (held: Held, now: Millis): TokenEntry => {
  const { id, name, scopes, source, createdAt, expiresAt, usedOn, revoked } = held;
  return {
    id,
    name,
    scopes,
    source,
    expiresAt,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(usedOn === undefined ? {} : { lastUsedOn: usedOn }),
    state: revoked ? 'revoked' : hasEnded(held, now) ? 'expired' : 'active',
  };
};

/** The CSRF token that goes with a raw token in a cookie: the same on every request, unknown without the secret. */
export const csrfOfToken = (secret: string, digest: string): string => hmacSha256(secret, `csrf of token ${digest}`);

/** What lists call a credential. Not a part of its digest: against that, guesses at a weak secret could be checked. */
export const publicId = (secret: string, kind: 'token' | 'session', digest: string): string =>
  hmacSha256(secret, `id of ${kind} ${digest}`).slice(0, 32);
