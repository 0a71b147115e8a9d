import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { ChainedAuditRecord } from '../audit.ts';
import { endpoint } from '../deps.ts';

const NEWEST = 200;

/** CSM's fields, then ours from `serial` on. */
export const AuditEntry = Type.Object({
  timestamp: Type.String({ description: 'RFC 3339' }),
  action: Type.String(),
  target: Type.String(),
  details: Type.Optional(Type.String({ description: 'name=value, separated by commas' })),
  source_ip: Type.Optional(Type.String({ description: 'Absent on the local socket, and of orders of a controller' })),
  serial: Type.Integer({ minimum: 1 }),
  actor: Type.String({
    description: "Name of the token or session, or of a controller's key; empty when nobody was authenticated",
  }),
  actor_kind: Type.String({ description: 'token | session | local | anonymous | controller' }),
  status: Type.Integer({ description: 'HTTP status of the answer; of an order 200 where it was done, else 403' }),
  request_id: Type.String({ description: 'Of an order its id' }),
  broker: Type.Optional(Type.String({ description: 'URL of the broker over which an order came' })),
  prev: Type.String({ description: 'Hash of the record before' }),
  hash: Type.String({ description: 'SHA-256 over this record and prev' }),
});

export const audit = endpoint({
  name: 'audit',
  method: 'GET',
  path: '/api/v1/audit',
  scope: 'admin',
  summary: `The newest ${NEWEST} records of who changed what; each carries the hash of the one before`,
  response: Type.Array(AuditEntry),
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: (await deps.auditTrail.newest(NEWEST)).map(entryOf) }),
});

export function entryOf({ at, details, peer, principalKind, requestId, ...rest }: ChainedAuditRecord) {
  const { action, target, serial, actor, status, prev, hash } = rest;
  const isBroker = peer.includes('://');
  const text = Object.entries(details)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return {
    timestamp: rfc3339(at),
    action,
    target,
    ...(text === '' ? {} : { details: text }),
    ...(peer === 'local' || isBroker ? {} : { source_ip: peer }),
    serial,
    actor,
    actor_kind: principalKind,
    status,
    request_id: requestId,
    ...(isBroker ? { broker: peer } : {}),
    prev,
    hash,
  };
}
