import { Type } from 'typebox';
import { parseIp } from '../../base/ip.ts';
import type { Appliance } from '../appliance.ts';
import { endpoint } from '../deps.ts';

const Reason = Type.Union([Type.String(), Type.Null()]);

export const firewallCheck = endpoint({
  name: 'firewallCheck',
  method: 'GET',
  path: '/api/v1/firewall/check',
  scope: 'admin',
  summary: 'Is an address blocked, itself or with its network, and why; answers 200 whatever is asked',
  query: Type.Object({ ip: Type.Optional(Type.String()) }),
  example: { query: { ip: '192.0.2.9' } },
  response: Type.Object({
    success: Type.Boolean(),
    ip: Type.String(),
    permanent: Reason,
    temporary: Reason,
    cphulk: Type.Boolean(),
    error_msg: Type.Optional(Type.String({ description: 'Only when success is false' })),
  }),
  errors: [],
  handler: async ({ deps, query }) => ({ ok: true, value: check(deps.appliance, query.ip ?? '') }),
});

function check(appliance: Appliance, asked: string) {
  const ip = parseIp(asked.trim());
  const nothing = { permanent: null, temporary: null, cphulk: false };
  if (!ip.ok) return { success: false, ip: asked.slice(0, 64), ...nothing, error_msg: ip.public };
  const block = appliance.blockOf(ip.value.text) ?? appliance.networkBlockOf(ip.value.text);
  const kind = block?.expiresAt === 'never' ? 'permanent' : 'temporary';
  return { success: true, ip: ip.value.text, ...nothing, ...(block && { [kind]: block.reason }) };
}
