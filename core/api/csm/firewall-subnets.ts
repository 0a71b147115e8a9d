import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { NetworkDecision } from '../../respond/decision.ts';
import { endpoint } from '../deps.ts';
import { ago, BLOCK_SOURCES, expiresIn } from './wire.ts';

export const BlockedNetwork = Type.Object({
  cidr: Type.String(),
  reason: Type.String(),
  source: Type.String({ description: 'auto_response | web_ui | cli | unknown' }),
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
