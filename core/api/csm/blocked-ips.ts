import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { Decision } from '../../respond/decision.ts';
import { endpoint } from '../deps.ts';
import { mapped } from '../mapped.ts';
import { BLOCK_SOURCES, expiresIn, wireDeadline } from './wire.ts';

export const BlockedIp = Type.Object({
  ip: Type.String(),
  reason: Type.String(),
  source: Type.String({ description: 'auto_response | web_ui | cli | unknown' }),
  blocked_at: Type.String({ description: 'RFC 3339' }),
  expires_at: Type.String({ description: 'RFC 3339, or empty when permanent' }),
  expires_in: Type.String({ description: 'e.g. 23h59m, or permanent' }),
  enforced: Type.Boolean({ description: 'Own: whether the kernel is known to drop for it' }),
});

export const blockedIps = endpoint({
  name: 'blockedIps',
  method: 'GET',
  path: '/api/v1/blocked-ips',
  scope: 'read',
  summary: 'Blocked addresses with reason and expiry, newest first',
  response: Type.Array(BlockedIp),
  errors: [],
  heavy: true,
  handler: async ({ deps: { appliance }, context: { breathe } }) => {
    const { now } = await appliance.facts();
    const shown = (block: Decision) => ({ ...rowOf(block, now), enforced: appliance.isEnforced(block) });
    return { ok: true, value: await mapped(appliance.blocks(), shown, breathe) };
  },
});

const rowOf = ({ ip, reason, origin, at, expiresAt }: Decision, now: Millis) => ({
  ip,
  reason,
  source: BLOCK_SOURCES[origin],
  blocked_at: rfc3339(at),
  expires_at: wireDeadline(expiresAt),
  expires_in: expiresIn(expiresAt, now),
});
