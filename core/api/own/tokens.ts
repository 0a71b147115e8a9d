import { type Static, Type } from 'typebox';
import { ok, type Result } from '../../base/result.ts';
import { type Millis, parseDuration, plus, rfc3339 } from '../../base/time.ts';
import { TOKEN_NAME } from '../../config/settings.ts';
import type { CsmScope } from '../auth.ts';
import { wireDeadline } from '../csm/wire.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { RevokeRefusal, TokenEntry, TokenRefusal, TokenRequest } from '../identity.ts';
import type { ErrorCode } from '../problem.ts';

const TokenScope = Type.Enum(['admin', 'read', 'metrics'] satisfies CsmScope[]);

const TOKEN = {
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Type.String({ description: 'admin | read | metrics' })),
  source: Type.String({ description: 'config: stands in the config file; api: made here' }),
  state: Type.String({ description: 'active | expired | revoked (dead, its end not yet stored: revoke it again)' }),
  created_at: Type.String({ description: 'RFC 3339; empty for a token of the config' }),
  expires_at: Type.String({ description: 'RFC 3339; empty when it does not expire' }),
  last_used: Type.String({
    description: 'Day (UTC) on which it was last accepted, YYYY-MM-DD; empty when it never was',
  }),
};

export const tokens = endpoint({
  name: 'tokens',
  method: 'GET',
  path: '/api/v1/tokens',
  scope: 'admin',
  summary: 'All tokens, without their secrets; those of the config first',
  response: Type.Array(Type.Object(TOKEN)),
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: deps.identity.tokens().map(rowOf) }),
});

const CreateToken = Type.Object({
  name: Type.String({ pattern: TOKEN_NAME, description: 'Who uses it; the audit log shows this name' }),
  scope: Type.Optional(TokenScope),
  scopes: Type.Optional(
    Type.Array(TokenScope, { minItems: 1, maxItems: 3, description: 'Instead of scope, for more than one' }),
  ),
  expires_in: Type.Optional(Type.String({ maxLength: 64, description: '30m, 24h, 90d; empty or 0 is never' })),
});

/** A token that cannot be told apart, or one too many, is the table's state; a failing disk is the appliance's. */
const NOT_MADE: Readonly<Record<TokenRefusal, ErrorCode>> = {
  taken: 'conflict',
  full: 'conflict',
  failed: 'unavailable',
};

export const createToken = endpoint({
  name: 'createToken',
  method: 'POST',
  path: '/api/v1/tokens',
  scope: 'admin',
  summary: 'Make a token; the answer shows its secret for the only time',
  body: CreateToken,
  response: Type.Object({ ...TOKEN, token: Type.String({ description: 'The secret; it is not shown again' }) }),
  errors: ['bad_request', 'conflict', 'unavailable'],
  example: { body: { name: 'panel', scope: 'read', expires_in: '90d' } },
  audit: { action: 'create_token', target: 'id', details: ['name', 'scope', 'scopes', 'expires_in'] },
  handler: async ({ deps: { identity, clock }, body }) => {
    const request = requestOf(body, clock.now());
    if (!request.ok) return refuse('bad_request', request.public);
    const made = await identity.createToken(request.value);
    if (!made.ok) return refuse(NOT_MADE[made.code], made.public, made.cause);
    return { ok: true, value: { ...rowOf(made.value), token: made.value.token } };
  },
});

const NOT_REVOKED: Readonly<Record<RevokeRefusal, ErrorCode>> = {
  unknown: 'not_found',
  configured: 'conflict',
  last_admin: 'conflict',
  failed: 'unavailable',
};

export const revokeToken = endpoint({
  name: 'revokeToken',
  method: 'DELETE',
  path: '/api/v1/tokens/{id}',
  scope: 'admin',
  summary:
    'Revoke a token: it, its sessions and their event streams end at once; not one of the config, not the last admin',
  query: Type.Object({ id: Type.String({ maxLength: 64 }) }),
  response: Type.Object({ status: Type.Literal('revoked'), id: Type.String(), name: Type.String() }),
  errors: ['not_found', 'conflict', 'unavailable'],
  audit: { action: 'revoke_token', target: 'id', details: ['name'] },
  handler: async ({ deps, query }) => {
    const revoked = await deps.identity.revokeToken(query.id);
    if (!revoked.ok) return refuse(NOT_REVOKED[revoked.code], revoked.public, revoked.cause);
    const { id, name } = revoked.value;
    return { ok: true, value: { status: 'revoked' as const, id, name } };
  },
});

function requestOf(
  { name, scope, scopes, expires_in: expiresIn = '' }: Static<typeof CreateToken>,
  now: Millis,
): Result<TokenRequest, 'bad_request' | 'bad_duration'> {
  if ((scope === undefined) === (scopes === undefined)) {
    return { ok: false, code: 'bad_request', public: 'give either "scope" or "scopes"' };
  }
  const length = parseDuration(expiresIn);
  if (!length.ok) return length;
  return ok({
    name,
    scopes: scope === undefined ? [...new Set(scopes)] : [scope],
    expiresAt: length.value === 'never' ? 'never' : plus(now, length.value),
  });
}

const rowOf = ({ id, name, scopes, source, state, createdAt, expiresAt, lastUsedOn }: TokenEntry) => ({
  id,
  name,
  scopes: [...scopes],
  source,
  state,
  created_at: createdAt === undefined ? '' : rfc3339(createdAt),
  expires_at: wireDeadline(expiresAt),
  last_used: lastUsedOn === undefined ? '' : rfc3339(lastUsedOn).slice(0, 10),
});
