import { Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { undoToken } from '../undo.ts';
import { liftRefusal, UndoToken } from './operator.ts';

export const unblockIp = endpoint({
  name: 'unblockIp',
  method: 'POST',
  path: '/api/v1/unblock-ip',
  scope: 'admin',
  summary: 'Lift the block of an address; one that is not blocked is no error',
  body: Type.Object({ ip: Type.String({ maxLength: 64 }) }),
  example: { body: { ip: '192.0.2.7' } },
  response: Type.Object({
    status: Type.Literal('unblocked'),
    ip: Type.String(),
    was_blocked: Type.Boolean({ description: 'Own: whether it was blocked, or waited to be, at all' }),
    undo_token: UndoToken,
    warning: Type.Optional(
      Type.String({ description: 'Own: the kernel could not follow yet, or the network of the address is blocked' }),
    ),
  }),
  errors: ['bad_request', 'internal', 'unavailable'],
  audit: { action: 'unblock_ip', target: 'ip' },
  handler: async ({ deps: { appliance, undo }, body, context: { principal } }) => {
    const parsed = parseIp(body.ip.trim());
    if (!parsed.ok) return refuse('bad_request', parsed.public);
    const ip = parsed.value.text;
    const lifted = await appliance.unblock({ ip, actor: principal.name });
    // What was asked for holds when nothing was blocked, so a repeated request gets the same answer.
    if (!lifted.ok && lifted.code !== 'not_blocked') {
      return refuse(liftRefusal(lifted.code), lifted.public, lifted.cause);
    }
    const around = appliance.networkBlockOf(ip);
    const warning = [
      ...(lifted.ok && lifted.value.warning !== undefined ? [lifted.value.warning] : []),
      ...(around === undefined ? [] : [`its network ${around.network} is blocked still`]),
    ].join('; ');
    const about = { action: 'unblock_ip', inverse: 'firewall_bulk_reblock', summary: `Unblocked ${ip}` } as const;
    const token = lifted.ok ? undoToken(undo, principal, { ...about, reversal: lifted.value.reversal }) : '';
    return {
      ok: true,
      value: {
        status: 'unblocked' as const,
        ip,
        was_blocked: lifted.ok,
        undo_token: token,
        ...(warning === '' ? {} : { warning }),
      },
    };
  },
});
