import { Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
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
    undo_token: Type.String({ description: 'Always empty: this version cannot undo' }),
    warning: Type.Optional(Type.String({ description: 'Own: the kernel could not follow yet' })),
  }),
  errors: ['internal', 'unavailable'],
  audit: { action: 'unblock_bulk', details: ['ips'] },
  handler: async ({ deps: { appliance }, body: { ips }, context: { principal } }) => {
    const addresses = ips.flatMap((text) => {
      const ip = parseIp(text.trim());
      return ip.ok ? [ip.value.text] : [];
    });
    const lifted = await appliance.unblockAll(addresses, principal.name);
    if (!lifted.ok) {
      return refuse(lifted.code === 'observing' ? 'unavailable' : 'internal', lifted.public, lifted.cause);
    }
    const { count, ...warning } = lifted.value;
    return {
      ok: true,
      value: { status: 'completed' as const, total: ips.length, succeeded: count, undo_token: '', ...warning },
    };
  },
});
