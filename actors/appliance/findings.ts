import { contentId, type FindingId } from '../../core/base/ids.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Finding, Severity } from '../../core/detect/finding.ts';

/** Damage to the appliance's own store, as a finding: it must be seen where attacks are seen. */
export const damageFinding = (hostname: string, message: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'store_damage', severity: 'critical', message, at });

/** What somebody asks for who wants to see whether alerts arrive. */
export const testFinding = (hostname: string, actor: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'test_alert', severity: 'warning', message: `Test alert, asked for by ${actor}`, at });

interface OwnFinding {
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  readonly at: Millis;
}

/** A finding of the appliance about itself; no line of any log is behind it. */
function ownFinding(hostname: string, { check, severity, message, at }: OwnFinding): Finding {
  const position = { source: 'bartizan', offset: 0 };
  return {
    id: contentId(at, [check, 'host', hostname, message]) as FindingId,
    at,
    check,
    severity,
    subject: { kind: 'host', value: hostname },
    message,
    firstAt: at,
    count: 1,
    first: position,
    last: position,
    provenance: 'kernel',
  };
}
