import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import { INVERSES } from '../../respond/undo.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { operatorOf } from '../undo.ts';
import { originOf, Warning } from './operator.ts';
import { Count } from './wire.ts';

const Inverse = Type.Enum([...INVERSES]);

const REFUSALS: Readonly<Record<'gone' | 'observing' | 'failed', ErrorCode>> = {
  gone: 'gone',
  observing: 'unavailable',
  failed: 'internal',
};

export const undoPending = endpoint({
  name: 'undoPending',
  method: 'GET',
  path: '/api/v1/undo/pending',
  scope: 'admin',
  summary: 'The newest order of the same token that can still be taken back; an empty object where there is none',
  response: Type.Object({
    id: Type.Optional(Type.String()),
    action: Type.Optional(Type.String()),
    inverse: Type.Optional(Inverse),
    summary: Type.Optional(Type.String()),
    recorded_at: Type.Optional(Type.String({ description: 'RFC 3339' })),
    expires_at: Type.Optional(Type.String({ description: 'RFC 3339' })),
  }),
  errors: [],
  handler: async ({ deps: { undo }, context: { principal } }) => {
    const entry = undo.latest(operatorOf(principal));
    if (entry === undefined) return { ok: true, value: {} };
    const { id, action, inverse, summary, recordedAt, expiresAt } = entry;
    const times = { recorded_at: rfc3339(recordedAt), expires_at: rfc3339(expiresAt) };
    return { ok: true, value: { id, action, inverse, summary, ...times } };
  },
});

export const undoRun = endpoint({
  name: 'undoRun',
  method: 'POST',
  path: '/api/v1/undo/run',
  scope: 'admin',
  summary: 'Take an order of the same token back, within 30 s; it is used up whatever comes of it',
  body: Type.Object({
    id: Type.Optional(Type.String({ maxLength: 64, description: 'Its undo_token; the newest where it is empty' })),
  }),
  example: { body: { id: '' } },
  response: Type.Object({
    status: Type.Literal('ok'),
    action: Type.String(),
    inverse: Inverse,
    count: Count,
    warning: Warning,
  }),
  errors: ['gone', 'internal', 'unavailable'],
  audit: { action: 'undo', of: 'action', target: 'id', details: ['inverse', 'count'] },
  handler: async ({ deps: { undo }, body: { id = '' }, context: { principal } }) => {
    const by = { actor: principal.name, origin: originOf(principal) };
    const done = await undo.run(operatorOf(principal), id, by);
    if (!done.ok) return refuse(REFUSALS[done.code], done.public, done.cause);
    return { ok: true, value: { status: 'ok' as const, ...done.value } };
  },
});
