import type { Principal, Scope } from '../../core/api/auth.ts';
import type { Log } from '../../core/base/ports.ts';
import { type Failure, fail, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, hasPassed, type Millis } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StorePort } from '../store/index.ts';
import { hmacSha256, type IdentityEffects, sha256 } from './effects.ts';

/**
 * A token as the config has it: an entry of `webui.tokens`, or `webui.metrics_token` with scope `metrics`. Exactly one
 * of the three secrets stands in it.
 */
export interface ConfiguredToken {
  readonly name: string;
  readonly scope: Scope;
  readonly token?: string;
  /** 64 hex digits, any case. */
  readonly token_sha256?: string;
  /** A file that only its owner can read, with the token in its first line. */
  readonly token_file?: string;
}

/** A token as it is kept, under its digest. */
export interface TokenRecord {
  readonly name: string;
  readonly scope: Scope;
  readonly createdAt: Millis;
  readonly expiresAt: Deadline;
}

export interface Token {
  readonly digest: string;
  readonly name: string;
  readonly scope: Scope;
  readonly expiresAt: Deadline;
}

export const SHORTEST_TOKEN = 16;
export const LONGEST_TOKEN = 512;

/** Printable ASCII without a space: what fits into an Authorization header. */
const TOKEN_FORM = new RegExp(`^[\\x21-\\x7e]{${SHORTEST_TOKEN},${LONGEST_TOKEN}}$`);

/**
 * All tokens by their SHA-256. A lookup hashes what was presented and asks the map; what its timing could tell is about
 * a digest, and knowing the first digits of a digest does not help anybody to find a token that has it.
 */
export class Tokens {
  readonly #byDigest = new Map<string, Token>();

  add(token: Token): void {
    this.#byDigest.set(token.digest, token);
  }

  /** The valid token with this raw text. */
  find(raw: string, now: Millis): Token | undefined {
    return raw.length > LONGEST_TOKEN ? undefined : this.withDigest(sha256(raw), now);
  }

  withDigest(digest: string, now: Millis): Token | undefined {
    const token = this.#byDigest.get(digest);
    return token === undefined || hasPassed(token.expiresAt, now) ? undefined : token;
  }

  /** An expired admin token counts: its end must not open the appliance to whoever claims first. */
  hasAdmin(): boolean {
    return [...this.#byDigest.values()].some(({ scope }) => scope === 'admin');
  }
}

export const principalOf = ({ name, scope }: Token, kind: 'token' | 'session', csrf?: string): Principal => ({
  kind,
  name,
  scopes: [scope],
  ...(csrf === undefined ? {} : { csrf }),
});

/** The CSRF token that goes with a raw token in a cookie: the same on every request, unknown without the secret. */
export const csrfOfToken = (secret: string, digest: string): string => hmacSha256(secret, `csrf of token ${digest}`);

/** Tokens of the config. The first that cannot be used is named; nothing is skipped in silence. */
export async function configuredTokens(
  configured: readonly ConfiguredToken[],
  { readSecret }: Pick<IdentityEffects, 'readSecret'>,
): Promise<Result<readonly Token[], 'token'>> {
  const names = new Map<string, string>();
  const tokens: Token[] = [];
  for (const entry of configured) {
    const digest = await digestOf(entry, readSecret);
    if (!digest.ok) return digest;
    const twin = names.get(digest.value);
    if (twin !== undefined) return refuse(entry, `is the same as token "${twin}"`);
    names.set(digest.value, entry.name);
    tokens.push({ digest: digest.value, name: entry.name, scope: entry.scope, expiresAt: 'never' });
  }
  return ok(tokens);
}

export interface StoredTokens {
  readonly tokens: readonly Token[];
  /** Records that are no tokens: logged, left alone, and each possibly the only admin's. */
  readonly damaged: number;
}

/** Tokens made earlier. */
export async function storedTokens(store: StorePort, log: Log): Promise<StoredTokens> {
  const tokens: Token[] = [];
  let damaged = 0;
  for await (const [key, record] of store.entries<unknown>(identityKeys.tokens)) {
    if (isTokenRecord(record)) {
      tokens.push({ digest: identityKeys.tokenDigest(key), ...record });
      continue;
    }
    damaged++;
    log('error', 'stored token is damaged and not accepted', { key });
  }
  return { tokens, damaged };
}

async function digestOf(
  entry: ConfiguredToken,
  readSecret: IdentityEffects['readSecret'],
): Promise<Result<string, 'token'>> {
  const { token, token_sha256: digest, token_file: file } = entry;
  if ([token, digest, file].filter((secret) => secret !== undefined).length !== 1) {
    return refuse(entry, 'needs exactly one of token, token_sha256 and token_file');
  }
  if (digest !== undefined) {
    return /^[0-9a-f]{64}$/i.test(digest)
      ? ok(digest.toLowerCase())
      : refuse(entry, 'needs a SHA-256 of 64 hex digits');
  }
  const secret = file === undefined ? ok(token ?? '') : await readSecret(file);
  if (!secret.ok) return refuse(entry, `cannot be loaded: ${secret.public}`);
  return TOKEN_FORM.test(secret.value)
    ? ok(sha256(secret.value))
    : refuse(entry, `must be ${SHORTEST_TOKEN} to ${LONGEST_TOKEN} printable ASCII characters without blanks`);
}

const refuse = ({ name }: ConfiguredToken, what: string): Failure<'token'> => fail('token', `token "${name}" ${what}`);

function isTokenRecord(record: unknown): record is TokenRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { name, scope, expiresAt } = record as Partial<TokenRecord>;
  return (
    typeof name === 'string' &&
    (scope === 'read' || scope === 'admin' || scope === 'metrics') &&
    (expiresAt === 'never' || typeof expiresAt === 'number')
  );
}
