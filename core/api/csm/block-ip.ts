import { type Static, Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import type { BlockRefusal, BlockRequest } from '../../respond/block.ts';
import { endpoint } from '../deps.ts';
import { type RequestContext, refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { undoToken } from '../undo.ts';
import { deadlineOf, ORDER_FIELDS, originOf, UndoToken } from './operator.ts';

export const DEFAULT_REASON = 'Blocked by an operator';

/** A protected address is the client's mistake; a mode that forbids blocks is the appliance's state. */
const REFUSALS: Readonly<Record<BlockRefusal, ErrorCode>> = {
  protected: 'bad_request',
  would_cut: 'conflict',
  observing: 'unavailable',
  failed: 'internal',
};

/** Of an order that may cut off who gives it. */
export const CUTTING_FIELDS = {
  ...ORDER_FIELDS,
  force_reason: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'Own: blocks it though who asks is in it; kept in the audit log',
    }),
  ),
  asking_from: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'Own: the address that whoever is at the control socket came from, by ssh perhaps; any other door knows its client',
    }),
  ),
};

const BlockIp = Type.Object({ ip: Type.String({ maxLength: 64 }), ...CUTTING_FIELDS });

export const blockIp = endpoint({
  name: 'blockIp',
  method: 'POST',
  path: '/api/v1/block-ip',
  scope: 'admin',
  summary: 'Block an address now, whatever the automation is set to; not that of who asks',
  body: BlockIp,
  example: { body: { ip: '192.0.2.7', reason: 'because', duration: '24h' } },
  response: Type.Object({ status: Type.Literal('blocked'), ip: Type.String(), undo_token: UndoToken }),
  errors: ['bad_request', 'conflict', 'internal', 'unavailable'],
  audit: { action: 'block_ip', target: 'ip', details: ['reason', 'duration', 'force_reason', 'asking_from'] },
  handler: async ({ deps: { appliance, clock, undo }, body, context }) => {
    const request = requestOf(body, clock.now(), context);
    if (!request.ok) return refuse('bad_request', request.public);
    const blocked = await appliance.block(request.value);
    if (!blocked.ok) return refuse(REFUSALS[blocked.code], blocked.public, blocked.cause);
    const { ip, reversal } = blocked.value;
    const order = { action: 'block_ip', inverse: 'threat_bulk_unblock', summary: `Blocked ${ip}`, reversal } as const;
    return {
      ok: true,
      value: { status: 'blocked' as const, ip, undo_token: undoToken(undo, context.principal, order) },
    };
  },
});

function requestOf(
  { ip, reason = '', duration = '', ...by }: Static<typeof BlockIp>,
  now: Millis,
  context: RequestContext,
): Result<BlockRequest, 'bad_ip' | 'bad_duration'> {
  const subject = parseIp(ip.trim());
  if (!subject.ok) return subject;
  const deadline = deadlineOf(duration, now);
  if (!deadline.ok) return deadline;
  const asking = askingOf(by, context);
  if (!asking.ok) return asking;
  return ok({
    ip: subject.value.text,
    reason: reason.trim() || DEFAULT_REASON,
    expiresAt: deadline.value,
    ...asking.value,
  });
}

/** By whose word, and from where. */
export function askingOf(
  { force_reason: force, asking_from: from }: { readonly force_reason?: string; readonly asking_from?: string },
  { principal, peer }: Pick<RequestContext, 'principal' | 'peer'>,
): Result<Pick<BlockRequest, 'origin' | 'actor' | 'peer' | 'forcedBecause'>, 'bad_ip'> {
  const by = {
    origin: originOf(principal),
    actor: principal.name,
    ...(force !== undefined && { forcedBecause: force }),
  };
  if (principal.kind !== 'local' || from === undefined) return ok({ ...by, peer });
  const source = parseIp(from.trim());
  return source.ok ? ok({ ...by, peer: source.value.text }) : source;
}
