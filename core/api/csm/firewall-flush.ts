import { Type } from 'typebox';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { undoToken } from '../undo.ts';
import { countText, liftRefusal, originOf, UndoToken, Warning } from './operator.ts';
import { Count } from './wire.ts';

export const flush = endpoint({
  name: 'flush',
  method: 'POST',
  path: '/api/v1/firewall/flush',
  scope: 'admin',
  summary: 'Lift every block there is: of addresses, of networks, and those that wait',
  response: Type.Object({
    status: Type.Literal('flushed'),
    addresses: Count,
    networks: Count,
    undo_token: UndoToken,
    warning: Warning,
  }),
  errors: ['internal', 'unavailable'],
  audit: { action: 'flush', details: ['addresses', 'networks'] },
  handler: async ({ deps: { appliance, undo }, context: { principal } }) => {
    const flushed = await appliance.flush({ actor: principal.name, origin: originOf(principal) });
    if (!flushed.ok) return refuse(liftRefusal(flushed.code), flushed.public, flushed.cause);
    const { reversal, ...done } = flushed.value;
    const summary = `Lifted all blocks: ${countText(done.addresses, done.networks)}`;
    const order = { action: 'firewall_flush', inverse: 'firewall_bulk_reblock', summary, reversal } as const;
    return { ok: true, value: { status: 'flushed' as const, ...done, undo_token: undoToken(undo, principal, order) } };
  },
});
