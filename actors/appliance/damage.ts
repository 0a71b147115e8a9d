import { contentId, type FindingId } from '../../core/base/ids.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';

/** Damage to the appliance's own store, as a finding: it must be seen where attacks are seen. */
export function damageFinding(hostname: string, message: string, at: Millis): Finding {
  const position = { source: 'bartizan', offset: 0 };
  return {
    id: contentId(at, ['store_damage', 'host', hostname, message]) as FindingId,
    at,
    check: 'store_damage',
    severity: 'critical',
    subject: { kind: 'host', value: hostname },
    message,
    firstAt: at,
    count: 1,
    first: position,
    last: position,
    provenance: 'kernel',
  };
}
