import { isScope, type Scope } from '../../core/api/auth.ts';
import type { Log } from '../../core/base/ports.ts';
import { type Deadline, type Millis, millis } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import type { Token } from './tokens.ts';

/** A token as it is kept, under its digest. */
export interface TokenRecord {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Millis;
  readonly expiresAt: Deadline;
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
      const { name, scopes, createdAt, expiresAt } = record;
      tokens.push({ digest: identityKeys.tokenDigest(key), name, scopes, source: 'api', createdAt, expiresAt });
      continue;
    }
    damaged++;
    log('error', 'stored token is damaged and not accepted', { key });
  }
  return { tokens, damaged };
}

/** The day of each token's last use by digest; undefined where the note is damaged. */
export type Uses = ReadonlyMap<string, Millis | undefined>;

export async function storedUses(store: StorePort): Promise<Uses> {
  const uses = new Map<string, Millis | undefined>();
  for await (const [key, day] of store.entries<unknown>(identityKeys.allUsed)) {
    uses.set(identityKeys.usedDigest(key), typeof day === 'number' ? millis(day) : undefined);
  }
  return uses;
}

/** What deletes the notes of tokens that are no more, and damaged ones. */
export const staleUses = (uses: Uses, isKnown: (digest: string) => boolean): readonly StoreOp[] =>
  [...uses]
    .filter(([digest, day]) => day === undefined || !isKnown(digest))
    .map(([digest]) => ({ del: identityKeys.used(digest) }));

function isTokenRecord(record: unknown): record is TokenRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { name, scopes, createdAt, expiresAt } = record as Partial<TokenRecord>;
  return (
    typeof name === 'string' &&
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.every(isScope) &&
    typeof createdAt === 'number' &&
    (expiresAt === 'never' || typeof expiresAt === 'number')
  );
}
