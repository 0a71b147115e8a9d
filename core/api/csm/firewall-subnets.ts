import { Type } from 'typebox';
import { parseCidr } from '../../base/ip.ts';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { NetworkDecision } from '../../respond/decision.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { ago, BLOCK_SOURCES, expiresIn } from './wire.ts';

export const BlockedNetwork = Type.Object({
  cidr: Type.String(),
  reason: Type.String(),
  source: Type.String({ description: 'auto_response | unknown' }),
  blocked_at: Type.String({ description: 'RFC 3339' }),
  time_ago: Type.String(),
  expires_in: Type.String({ description: 'e.g. 23h59m, or permanent' }),
  enforced: Type.Boolean({ description: 'Own: whether the kernel is known to drop for it' }),
});

export const firewallSubnets = endpoint({
  name: 'firewallSubnets',
  method: 'GET',
  path: '/api/v1/firewall/subnets',
  scope: 'admin',
  summary: 'Blocked networks with reason and expiry, newest first',
  response: Type.Array(BlockedNetwork),
  errors: [],
  handler: async ({ deps: { appliance, clock } }) => {
    const now = clock.now();
    const value = appliance
      .networkBlocks()
      .map((block) => ({ ...rowOf(block, now), enforced: appliance.isEnforced(block) }));
    return { ok: true, value };
  },
});

const rowOf = ({ network, reason, origin, at, expiresAt }: NetworkDecision, now: Millis) => ({
  cidr: network,
  reason,
  source: BLOCK_SOURCES[origin],
  blocked_at: rfc3339(at),
  time_ago: ago(at, now),
  expires_in: expiresIn(expiresAt, now),
});

export const removeSubnet = endpoint({
  name: 'removeSubnet',
  method: 'POST',
  path: '/api/v1/firewall/remove-subnet',
  scope: 'admin',
  summary: 'Lift the block of a network; one that is not blocked is no error, and blocks of its addresses stay',
  body: Type.Object({ cidr: Type.String({ maxLength: 64 }) }),
  example: { body: { cidr: '192.0.2.0/24' } },
  response: Type.Object({
    status: Type.Literal('removed'),
    cidr: Type.String(),
    warning: Type.Optional(Type.String({ description: 'Own: the kernel could not follow yet' })),
  }),
  errors: ['bad_request', 'internal', 'unavailable'],
  audit: { action: 'remove_subnet', target: 'cidr' },
  handler: async ({ deps: { appliance }, body, context: { principal } }) => {
    const net = parseCidr(body.cidr.trim());
    if (!net.ok) return refuse('bad_request', net.public);
    const cidr = net.value.text;
    const lifted = await appliance.unblockNetwork({ network: cidr, actor: principal.name });
    if (!lifted.ok && lifted.code !== 'not_blocked') {
      return refuse(lifted.code === 'observing' ? 'unavailable' : 'internal', lifted.public, lifted.cause);
    }
    const warning = lifted.ok ? lifted.value.warning : undefined;
    return { ok: true, value: { status: 'removed' as const, cidr, ...(warning === undefined ? {} : { warning }) } };
  },
});
