import { Type } from 'typebox';
import { type Ip, parseIp } from '../../base/ip.ts';
import type { Result } from '../../base/result.ts';
import type { Lifted, UnblockRefusal } from '../../respond/block.ts';
import type { NetworkDecision } from '../../respond/decision.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';

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
    warning: Type.Optional(
      Type.String({ description: 'Own: the kernel could not follow yet, or the network of the address is blocked' }),
    ),
  }),
  errors: ['bad_request', 'internal', 'unavailable'],
  audit: { action: 'unblock_ip', target: 'ip' },
  handler: async ({ deps: { appliance }, body, context: { principal } }) => {
    const ip = parseIp(body.ip.trim());
    if (!ip.ok) return refuse('bad_request', ip.public);
    const lifted = await appliance.unblock({ ip: ip.value.text, actor: principal.name });
    return replyTo(ip.value.text, lifted, appliance.networkBlockOf(ip.value.text));
  },
});

/** What was asked for holds when nothing was blocked, so a repeated request gets the same answer. */
function replyTo(ip: Ip, lifted: Result<Lifted, UnblockRefusal>, around: NetworkDecision | undefined) {
  const value = { status: 'unblocked' as const, ip };
  if (!lifted.ok && lifted.code !== 'not_blocked') {
    return refuse(lifted.code === 'observing' ? 'unavailable' : 'internal', lifted.public, lifted.cause);
  }
  const warnings = [
    ...(lifted.ok && lifted.value.warning !== undefined ? [lifted.value.warning] : []),
    ...(around === undefined ? [] : [`its network ${around.network} is blocked still`]),
  ];
  return { ok: true as const, value: warnings.length === 0 ? value : { ...value, warning: warnings.join('; ') } };
}
