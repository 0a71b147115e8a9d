import { type Static, Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import type { BlockRefusal, BlockRequest } from '../../respond/block.ts';
import type { Principal } from '../auth.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { undoToken } from '../undo.ts';
import { deadlineOf, ORDER_FIELDS, originOf, UndoToken } from './operator.ts';

export const DEFAULT_REASON = 'Blocked by an operator';

/** A protected address is the client's mistake; a mode that forbids blocks is the appliance's state. */
const REFUSALS: Readonly<Record<BlockRefusal, ErrorCode>> = {
  protected: 'bad_request',
  observing: 'unavailable',
  failed: 'internal',
};

const BlockIp = Type.Object({ ip: Type.String({ maxLength: 64 }), ...ORDER_FIELDS });

export const blockIp = endpoint({
  name: 'blockIp',
  method: 'POST',
  path: '/api/v1/block-ip',
  scope: 'admin',
  summary: 'Block an address now, whatever the automation is set to',
  body: BlockIp,
  example: { body: { ip: '192.0.2.7', reason: 'because', duration: '24h' } },
  response: Type.Object({ status: Type.Literal('blocked'), ip: Type.String(), undo_token: UndoToken }),
  errors: ['bad_request', 'internal', 'unavailable'],
  audit: { action: 'block_ip', target: 'ip', details: ['reason', 'duration'] },
  handler: async ({ deps: { appliance, clock, undo }, body, context: { principal } }) => {
    const request = requestOf(body, clock.now(), principal);
    if (!request.ok) return refuse('bad_request', request.public);
    const blocked = await appliance.block(request.value);
    if (!blocked.ok) return refuse(REFUSALS[blocked.code], blocked.public, blocked.cause);
    const { ip, reversal } = blocked.value;
    const order = { action: 'block_ip', inverse: 'threat_bulk_unblock', summary: `Blocked ${ip}`, reversal } as const;
    return { ok: true, value: { status: 'blocked' as const, ip, undo_token: undoToken(undo, principal, order) } };
  },
});

function requestOf(
  { ip, reason = '', duration = '' }: Static<typeof BlockIp>,
  now: Millis,
  principal: Principal,
): Result<BlockRequest, 'bad_ip' | 'bad_duration'> {
  const subject = parseIp(ip.trim());
  if (!subject.ok) return subject;
  const deadline = deadlineOf(duration, now);
  if (!deadline.ok) return deadline;
  return ok({
    ip: subject.value.text,
    reason: reason.trim() || DEFAULT_REASON,
    expiresAt: deadline.value,
    origin: originOf(principal),
    actor: principal.name,
  });
}
