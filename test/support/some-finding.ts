import { contentId, type FindingId } from '../../core/base/ids.ts';
import { millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';

/** A finding that differs from every other `n` in id, subject and moment. */
export function someFinding(n: number, subject = `192.0.2.${n % 250}`): Finding {
  const at = millis(1_760_000_000_000 + n * 1000);
  return {
    id: contentId(at, [String(n)]) as FindingId,
    at,
    check: 'ssh_bruteforce',
    severity: 'high',
    subject: { kind: 'ip', value: subject },
    message: `6 failed logins in 60 s from ${subject}`,
    firstAt: at,
    count: 6,
    first: { source: 'a'.repeat(64), offset: n * 100 },
    last: { source: 'a'.repeat(64), offset: n * 100 + 90 },
    provenance: 'file',
  };
}
