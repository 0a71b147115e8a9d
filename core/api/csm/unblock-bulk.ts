import { Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { undoToken } from '../undo.ts';
import { countText, liftRefusal, UndoToken, Warning } from './operator.ts';
import { Count } from './wire.ts';

const MOST = 500;

export const unblockBulk = endpoint({
  name: 'unblockBulk',
  method: 'POST',
  path: '/api/v1/unblock-bulk',
  scope: 'admin',
  summary: `Lift the blocks of up to ${MOST} addresses at once`,
  body: Type.Object({ ips: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: MOST }) }),
  example: { body: { ips: ['192.0.2.7', '192.0.2.8'] } },
  response: Type.Object({
    status: Type.Literal('completed'),
    total: Count,
    succeeded: Type.Integer({ minimum: 0, description: 'Addresses that are not blocked now' }),
    undo_token: UndoToken,
    warning: Warning,
  }),
  errors: ['internal', 'unavailable'],
  audit: { action: 'unblock_bulk', details: ['ips'] },
  handler: async ({ deps: { appliance, undo }, body: { ips }, context: { principal } }) => {
    const addresses = ips.flatMap((text) => {
      const ip = parseIp(text.trim());
      return ip.ok ? [ip.value.text] : [];
    });
    const lifted = await appliance.unblockAll(addresses, principal.name);
    if (!lifted.ok) return refuse(liftRefusal(lifted.code), lifted.public, lifted.cause);
    const { count: succeeded, reversal, ...warning } = lifted.value;
    const summary = `Unblocked ${countText(reversal.ended.length)}`;
    const order = { action: 'firewall_bulk_unblock', inverse: 'firewall_bulk_reblock', summary, reversal } as const;
    const undo_token = undoToken(undo, principal, order);
    return {
      ok: true,
      value: { status: 'completed' as const, total: ips.length, succeeded, undo_token, ...warning },
    };
  },
});
