import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import { mayDo, type Principal } from '../auth.ts';
import { CLEARED_COOKIE } from '../cookie.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { Identity, SessionEntry } from '../identity.ts';

const SessionRow = Type.Object({
  id: Type.String(),
  name: Type.String({ description: 'Name of the token that logged in' }),
  peer: Type.String({ description: 'Address the login came from' }),
  created_at: Type.String({ description: 'RFC 3339' }),
  last_seen: Type.String({ description: 'RFC 3339' }),
  expires_at: Type.String({ description: 'RFC 3339; when it ends if it is not used again' }),
  current: Type.Boolean({ description: 'It is the one that asks' }),
});

export const sessions = endpoint({
  name: 'sessions',
  method: 'GET',
  path: '/api/v1/sessions',
  scope: 'read',
  summary: 'Sessions that are open, newest first: those of the same token, for an admin those of all',
  response: Type.Array(SessionRow),
  errors: [],
  handler: async ({ deps: { identity }, context: { principal } }) => ({
    ok: true,
    value: visibleTo(principal, identity).map((one) => rowOf(one, principal)),
  }),
});

export const endSession = endpoint({
  name: 'endSession',
  method: 'DELETE',
  path: '/api/v1/sessions/{id}',
  scope: 'read',
  summary: 'End a session and its event streams at once: one of the same token, for an admin any',
  query: Type.Object({ id: Type.String({ maxLength: 64 }) }),
  response: Type.Object({ status: Type.Literal('ended'), id: Type.String(), name: Type.String() }),
  errors: ['not_found', 'unavailable'],
  audit: { action: 'end_session', target: 'id', details: ['name'] },
  handler: async ({ deps: { identity }, query, context: { principal } }) => {
    const unknown = refuse('not_found', 'there is no such session');
    if (!visibleTo(principal, identity).some(({ id }) => id === query.id)) return unknown;
    const ended = await identity.endSession(query.id);
    if (!ended.ok) return ended.code === 'unknown' ? unknown : refuse('unavailable', ended.public, ended.cause);
    const { id, name } = ended.value;
    const headers = id === principal.id ? { headers: { 'set-cookie': CLEARED_COOKIE } } : {};
    return { ok: true, value: { status: 'ended' as const, id, name }, ...headers };
  },
});

function visibleTo(principal: Principal, identity: Pick<Identity, 'sessions'>): readonly SessionEntry[] {
  const all = identity.sessions();
  if (mayDo(principal, 'admin')) return all;
  const token = all.find(({ id }) => id === principal.id)?.tokenId ?? principal.id;
  return all.filter(({ tokenId }) => tokenId === token);
}

const rowOf = ({ id, name, peer, createdAt, lastSeenAt, expiresAt }: SessionEntry, asking: Principal) => ({
  id,
  name,
  peer,
  created_at: rfc3339(createdAt),
  last_seen: rfc3339(lastSeenAt),
  expires_at: rfc3339(expiresAt),
  current: id === asking.id,
});
