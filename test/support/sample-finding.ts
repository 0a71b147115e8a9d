import { contentId, type FindingId } from '../../core/base/ids.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';

/** A finding of `ssh_bruteforce` about an address; the same arguments give the same id. */
export const sampleFinding = (
  value: string,
  at: Millis = millis(Date.UTC(2026, 0, 1)),
  change: Partial<Finding> = {},
): Finding => ({
  id: contentId(at, ['sample', value]) as FindingId,
  at,
  check: 'ssh_bruteforce',
  severity: 'high',
  subject: { kind: 'ip', value },
  message: `SSH brute force from ${value}`,
  firstAt: at,
  count: 5,
  first: { source: 's', offset: 0 },
  last: { source: 's', offset: 9 },
  provenance: 'file',
  ...change,
});
