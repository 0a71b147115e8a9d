import type { Millis } from '../base/time.ts';
import type { Finding } from '../detect/finding.ts';

/** Findings of one check about one subject. */
export interface FindingGroup {
  readonly latest: Finding;
  /** Of the newest finding. */
  readonly serial: number;
  /** Event times. */
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
  /** Findings in the group. */
  readonly findings: number;
}
