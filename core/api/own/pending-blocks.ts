import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { PendingBlock } from '../../respond/block-queue.ts';
import { expiresIn, severityInt, wireDeadline } from '../csm/wire.ts';
import { endpoint } from '../deps.ts';

export const PendingRow = Type.Object({
  ip: Type.String(),
  reason: Type.String(),
  severity: Type.Integer({ description: '0 warning, 1 high, 2 critical' }),
  waiting_since: Type.String({ description: 'RFC 3339' }),
  expires_at: Type.String({ description: 'RFC 3339, or empty when permanent' }),
  expires_in: Type.String({ description: 'Of the block, whether or not it has its turn: e.g. 23h59m, or permanent' }),
});

export const pendingBlocks = endpoint({
  name: 'pendingBlocks',
  method: 'GET',
  path: '/api/v1/pending-blocks',
  scope: 'read',
  summary: 'Automatic blocks that wait since only so many are let through in an hour, in the order of their turns',
  response: Type.Array(PendingRow),
  errors: [],
  handler: async ({ deps: { appliance, clock } }) => {
    const now = clock.now();
    return { ok: true, value: appliance.pendingBlocks().map((block) => rowOf(block, now)) };
  },
});

const rowOf = ({ decision: { ip, reason, expiresAt }, severity, since }: PendingBlock, now: Millis) => ({
  ip,
  reason,
  severity: severityInt(severity),
  waiting_since: rfc3339(since),
  expires_at: wireDeadline(expiresAt),
  expires_in: expiresIn(expiresAt, now),
});
