import { contentId, type DecisionId } from '../../core/base/ids.ts';
import { hours, plus } from '../../core/base/time.ts';
import type { Decision } from '../../core/respond/decision.ts';
import { EPOCH, ip } from './events.ts';

/** An automatic block of `10.0.x.y`, for a day; the same number gives the same. */
export const blockOf = (number: number, change: Partial<Decision> = {}): Decision => ({
  id: contentId(EPOCH, ['block', String(number)]) as DecisionId,
  kind: 'block',
  ip: ip(`10.0.${number >> 8}.${number & 255}`),
  reason: 'r',
  origin: 'auto_response',
  findings: [],
  at: EPOCH,
  expiresAt: plus(EPOCH, hours(24)),
  state: 'active',
  ...change,
});
