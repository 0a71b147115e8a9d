import type { MadeToken, RevokeRefusal, TokenEntry, TokenRefusal, TokenRequest } from '../../core/api/identity.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp } from '../store/index.ts';
import { sha256 } from './effects.ts';
import type { Endings } from './endings.ts';
import type { Sessions } from './sessions.ts';
import type { TokenRecord } from './token-records.ts';
import { entryOf, type Token, type Tokens } from './tokens.ts';
import type { OrderedWriter } from './writer.ts';

/** Tokens of the API that are kept, expired ones included. */
export const MOST_TOKENS = 1000;

/** Marks our tokens, so that a leaked one is recognised for what it is. */
const TOKEN_PREFIX = 'bzt_';

export interface TokenDeskDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly endings: Endings;
  readonly writer: OrderedWriter;
}

/** A token that exists once `ops` are written and it is in the table. */
export interface Draft {
  readonly raw: string;
  readonly token: Token;
  readonly ops: readonly StoreOp[];
}

export function draftToken(
  { name, scopes, expiresAt }: TokenRequest,
  { clock, random }: Pick<TokenDeskDeps, 'clock' | 'random'>,
): Draft {
  const raw = TOKEN_PREFIX + Buffer.from(random.bytes(32)).toString('base64url');
  const record: TokenRecord = { name, scopes, createdAt: clock.now(), expiresAt };
  const token: Token = { ...record, digest: sha256(raw), source: 'api' };
  return { raw, token, ops: [{ put: identityKeys.token(token.digest), value: record }] };
}

/** Makes and revokes tokens at an admin's word. */
export class TokenDesk {
  readonly #deps: TokenDeskDeps;
  /** Names of tokens that are being stored. */
  readonly #promised = new Set<string>();

  constructor(deps: TokenDeskDeps) {
    this.#deps = deps;
  }

  list(): readonly TokenEntry[] {
    const now = this.#deps.clock.now();
    const entries = this.#deps.tokens.all().map((held) => entryOf(held, now));
    return entries.sort((a, b) => rankOf(a) - rankOf(b) || (a.createdAt ?? 0) - (b.createdAt ?? 0));
  }

  async create(request: TokenRequest): Promise<Result<MadeToken, TokenRefusal>> {
    const { clock, tokens, writer } = this.#deps;
    const { name } = request;
    const all = tokens.all();
    if (this.#promised.has(name) || all.some((token) => token.name === name)) {
      return fail('taken', `there is a token "${name}" already`);
    }
    if (all.filter(({ source }) => source === 'api').length + this.#promised.size >= MOST_TOKENS) {
      return fail('full', `there are ${MOST_TOKENS} tokens already; revoke some first`);
    }
    this.#promised.add(name);
    try {
      const { raw, token, ops } = draftToken(request, this.#deps);
      const kept = await writer.kept(ops);
      if (!kept.ok) return fail('failed', 'the token could not be stored', kept);
      return ok({ ...entryOf(tokens.add(token), clock.now()), token: raw });
    } finally {
      this.#promised.delete(name);
    }
  }

  async revoke(id: string): Promise<Result<TokenEntry, RevokeRefusal>> {
    const { clock, tokens, sessions, endings, writer } = this.#deps;
    const held = tokens.withId(id);
    if (held === undefined) return fail('unknown', 'there is no such token');
    const { digest, name, source, scopes } = held;
    if (source === 'config') {
      return fail('configured', `token "${name}" stands in the config file: take it out there and restart`);
    }
    if (scopes.includes('admin') && !tokens.hasOtherAdmin(digest, clock.now())) {
      return fail('last_admin', `token "${name}" is the last admin credential: make another admin token first`);
    }
    tokens.revoke(digest);
    endings.end(id);
    const gone: StoreOp[] = [{ del: identityKeys.token(digest) }, { del: identityKeys.used(digest) }];
    const kept = await writer.kept([...gone, ...sessions.endOf(digest)]);
    if (!kept.ok) {
      return fail('failed', 'the token is dead, but that could not be stored: a restart would revive it', kept);
    }
    tokens.remove(held);
    return ok(entryOf(held, clock.now()));
  }
}

const rankOf = ({ source }: TokenEntry): number => (source === 'config' ? 0 : 1);
