import { Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import { wireDeadline } from './wire.ts';

const Reason = Type.Union([Type.String(), Type.Null()]);

export const firewallCheck = endpoint({
  name: 'firewallCheck',
  method: 'GET',
  path: '/api/v1/firewall/check',
  scope: 'admin',
  summary: 'Is an address blocked, itself or with its network, or allowed, and why; answers 200 whatever is asked',
  query: Type.Object({ ip: Type.Optional(Type.String()) }),
  example: { query: { ip: '192.0.2.9' } },
  response: Type.Object({
    success: Type.Boolean(),
    ip: Type.String(),
    permanent: Reason,
    temporary: Reason,
    cphulk: Type.Boolean(),
    allowed: Type.Optional(
      Type.Object(
        { subject: Type.String(), reason: Type.String(), expires_at: Type.String({ description: 'Empty: never' }) },
        { description: 'Own: the allow that lets it in whatever blocks it' },
      ),
    ),
    error_msg: Type.Optional(Type.String({ description: 'Only when success is false' })),
  }),
  errors: [],
  handler: async ({ deps, query }) => ({ ok: true, value: check(deps, query.ip ?? '') }),
});

function check({ appliance, allows }: Pick<ApiDeps, 'appliance' | 'allows'>, asked: string) {
  const ip = parseIp(asked.trim());
  const nothing = { permanent: null, temporary: null, cphulk: false };
  if (!ip.ok) return { success: false, ip: asked.slice(0, 64), ...nothing, error_msg: ip.public };
  const block = appliance.blockOf(ip.value.text) ?? appliance.networkBlockOf(ip.value.text);
  const kind = block?.expiresAt === 'never' ? 'permanent' : 'temporary';
  const allow = allows.covering(ip.value);
  return {
    success: true,
    ip: ip.value.text,
    ...nothing,
    ...(block && { [kind]: block.reason }),
    ...(allow && {
      allowed: { subject: allow.subject, reason: allow.reason, expires_at: wireDeadline(allow.expiresAt) },
    }),
  };
}
